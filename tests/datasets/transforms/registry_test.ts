import { assert, assertEquals, assertThrows } from "@std/assert";
import { planTransforms, type TransformChoice } from "../../../datasets/transforms/registry.ts";
import { drawPart } from "../../../datasets/transforms/random_resized_crop.ts";
import { InputError } from "../../../errors.ts";
import { emptyRaster, type Raster } from "../../../files/raster.ts";
import { RandomStream } from "../../../graph/random.ts";

const random = (sample = 0) => new RandomStream({ seed: 3, stream: 0, sample });

/** An image whose pixels differ from their neighbours. */
function picture(height: number, width: number): Raster {
  const raster = emptyRaster(height, width, 3);
  raster.data.forEach((_, i) => raster.data[i] = i * 7 % 251);
  return raster;
}

function apply(choice: TransformChoice, raster: Raster, sample = 0): Raster {
  const { transforms: [transform] } = planTransforms([choice], {
    from: raster,
    isRandom: true,
  });
  return transform.apply(raster, random(sample));
}

Deno.test("a list must give images of one size", () => {
  const plan = (choices: TransformChoice[]) => planTransforms(choices, { isRandom: true });
  assertEquals(
    plan([{ name: "resize", size: 40 }, { name: "center_crop", size: [32, 24] }, "vertical_flip"])
      .size,
    { height: 32, width: 24 },
  );
  const error = assertThrows(() => plan([{ name: "resize", size: 40 }]), InputError);
  assertEquals(error.at, []);
  assert(error.message.includes("several sizes"), error.message);
  // For images of one size, the short side determines the size.
  const from = { height: 20, width: 30 };
  assertEquals(planTransforms([{ name: "resize", size: 40 }], { from, isRandom: true }).size, {
    height: 40,
    width: 60,
  });
});

Deno.test("mistakes in a list are rejected at their place", () => {
  const refused: [unknown, string, (string | number)[]][] = [
    ["resize", "expected a list of transforms", []],
    [["resise"], 'did you mean "resize"', [0]],
    [[{ name: "center_crop", size: 32 }, { name: "resize", size: 0 }], "size: found 0", [
      1,
      "size",
    ]],
    [[{ name: "resize", size: [8, 8], maxSize: 9 }], "which has to be one number", [0, "maxSize"]],
    [[{ name: "random_resized_crop", size: 8, scale: [1, 0.5] }], "the smaller number first", [
      0,
      "scale",
    ]],
    [[{ name: "fit", size: 8 }, "horizontal_flip"], "needs the same images", [1]],
  ];
  for (const [choices, message, at] of refused) {
    const error = assertThrows(
      () => planTransforms(choices as TransformChoice[], { isRandom: false }),
      InputError,
      message,
    );
    assertEquals(error.at, at);
  }
});

Deno.test("random parts follow torchvision's distribution, inside the image", () => {
  const size = { height: 60, width: 90 };
  const laws = { scale: [0.08, 1] as [number, number], ratio: [3 / 4, 4 / 3] as [number, number] };
  let area = 0;
  for (let sample = 0; sample < 500; sample++) {
    const part = drawPart(size, laws, random(sample));
    const { top, left, height, width } = part;
    assert(top >= 0 && left >= 0 && top + height <= 60 && left + width <= 90, `${part}`);
    const ratio = width / height;
    assert(ratio > 0.7 && ratio < 1.4, `${ratio}`);
    area += height * width / (60 * 90 * 500);
  }
  // Large parts often do not fit, so the mean is below 0.54, that of the draws.
  assert(area > 0.35 && area < 0.54, `${area}`);
  // If no part fits, the centre with the nearest aspect ratio is taken.
  const centre = (height: number, width: number) => drawPart({ height, width }, laws, random());
  assertEquals(centre(8, 800), { height: 8, width: 11, top: 0, left: 394 });
  assertEquals(centre(800, 9), { height: 12, width: 9, top: 394, left: 0 });
});

Deno.test("a random crop covers every position of the padded image; too small images are rejected", () => {
  const raster = picture(4, 4);
  const places = new Set(
    Array.from(
      { length: 200 },
      (_, sample) =>
        apply({ name: "random_crop", size: 4, padding: 1 }, raster, sample).data.join(),
    ),
  );
  assertEquals(places.size, 9);
  assertThrows(
    () => apply({ name: "random_crop", size: 6 }, raster),
    InputError,
    "an image of 4x4 is smaller than the crop of 6x6",
  );
  const enlarged = apply({ name: "random_crop", size: [6, 4], padIfNeeded: true }, raster);
  assertEquals([enlarged.height, enlarged.width], [6, 4]);
});

Deno.test("flips have the given probability and do not change their input", () => {
  const raster = picture(2, 3);
  const before = raster.data.join();
  const results = Array.from(
    { length: 200 },
    (_, sample) => apply({ name: "horizontal_flip", p: 0.25 }, raster, sample),
  );
  const count = results.filter((result) => result !== raster).length;
  assert(count > 30 && count < 70, `${count}`);
  assertEquals(raster.data.join(), before);
  const twice = apply(
    { name: "vertical_flip", p: 1 },
    apply({ name: "vertical_flip", p: 1 }, raster),
  );
  assertEquals(twice, raster);
});

Deno.test("transforms cannot enlarge an image beyond the size limit", () => {
  const long = picture(1, 60000);
  assertThrows(
    () => apply({ name: "resize", size: 256 }, long),
    InputError,
    "it would become an image of 15,360,000 × 256 pixels",
  );
});
