import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { pictureView, seenPart } from "../../datasets/picture_view.ts";
import { InputError } from "../../errors.ts";
import { fit } from "../../files/pixels.ts";
import { crop, emptyRaster } from "../../files/raster.ts";

const input = { height: 4, width: 4 };

Deno.test("an image is transformed like the network's validation images", () => {
  const picture = emptyRaster(8, 12, 3);
  picture.data.forEach((_, i) => picture.data[i] = i * 5 % 256);
  assertEquals(pictureView({ input })(picture), fit(picture, input));
  const transforms = [{ name: "center_crop", size: 4 }] as const;
  assertEquals(
    pictureView({ input, transforms })(picture),
    crop(picture, { top: 2, left: 4, height: 4, width: 4 }),
  );
});

Deno.test("transforms that do not fit their network are rejected", () => {
  const refused = [
    [[{ name: "fit", size: 5 }], "expected 4x4"],
    [["horizontal_flip"], "is random"],
    [
      [{ name: "resize", size: 4e9 }],
      "size: found",
    ],
    [[{ name: "resize", size: 9 }], "of 9x9"],
  ] as const;
  for (const [transforms, message] of refused) {
    assertThrows(
      () => pictureView({ input, transforms: transforms as never }),
      InputError,
      message,
    );
  }
});

Deno.test("an image of another size after the transforms is cropped to the network's input", () => {
  const view = pictureView({ input, transforms: [{ name: "resize", size: 4 }] });
  const { height, width } = view(emptyRaster(8, 20, 1));
  assertEquals({ height, width }, input);
});

Deno.test("seenPart is the part of an image that the network's transforms keep", () => {
  const size = { height: 300, width: 500 };
  const network = { height: 224, width: 224 };
  const whole = { top: 0, left: 0, ...size };
  assertEquals(seenPart({ input: size }, size), whole);
  // The largest centred square.
  const square = { top: 0, left: 100, height: 300, width: 300 };
  assertEquals(seenPart({ input: network }, size), square);
  const fitted = { input: network, transforms: [{ name: "fit", size: 224 }] } as const;
  assertEquals(seenPart(fitted, size), square);
  // Scaled by 256 / 300 to 426 × 256, then cropped to the central 224 × 224.
  const usual = [{ name: "resize", size: 256 }, { name: "center_crop", size: 224 }] as const;
  const cut = seenPart({ input: network, transforms: usual }, size);
  assertAlmostEquals(cut.top, 16 * 300 / 256);
  assertAlmostEquals(cut.left, 101 * 500 / 426);
  assertAlmostEquals(cut.height, 224 * 300 / 256);
  assertAlmostEquals(cut.width, 224 * 500 / 426);
  // A border of ten pixels on all sides.
  const bordered = {
    input: { height: 320, width: 520 },
    transforms: [{ name: "pad", padding: 10 }],
  };
  assertEquals(seenPart(bordered as never, size), {
    top: -10,
    left: -10,
    height: 320,
    width: 520,
  });
});

Deno.test("positions in a network's input correspond to those in the seen part", () => {
  // Each pixel encodes its position: the row in red, the column in green, in steps of two pixels.
  const picture = emptyRaster(300, 500, 3);
  for (let i = 0; i < 300 * 500; i++) {
    picture.data.set([Math.floor(i / 500) / 2, (i % 500) / 2, 0], 3 * i);
  }
  const lists = [
    undefined,
    [{ name: "resize", size: 60 }, { name: "center_crop", size: [40, 50] }],
    [{ name: "center_crop", size: 200 }, { name: "fit", size: [40, 50] }],
    [{ name: "pad", padding: [60, 20] }, { name: "resize", size: [40, 50] }],
  ];
  for (const transforms of lists) {
    const seen = {
      input: { height: 40, width: 50 },
      ...(transforms ? { transforms } : {}),
    } as never;
    const { data } = pictureView(seen)(picture);
    const { top, left, height, width } = seenPart(seen, picture);
    const at = (row: number, column: number) => data.subarray(3 * (row * 50 + column));
    for (const [row, column] of [[20, 25], [12, 15], [30, 40]]) {
      assertAlmostEquals(2 * at(row, column)[0], top + (row + 0.5) / 40 * height, 3);
      assertAlmostEquals(2 * at(row, column)[1], left + (column + 0.5) / 50 * width, 3);
    }
  }
});
