import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { drawErased } from "../../../datasets/augmentations/erased.ts";
import {
  type AugmentationChoice,
  AUGMENTATIONS,
  planAugmentation,
} from "../../../datasets/augmentations/registry.ts";
import { InputError } from "../../../errors.ts";
import { RandomStream, STREAM } from "../../../graph/random.ts";

Deno.test("a plan separates augmentations on the host from those in the training step", () => {
  const none = planAugmentation([]);
  assertEquals(none, { host: [], transform: { padding: 0, flip: false } });
  const plan = planAugmentation([
    "vertical_flip",
    { name: "random_crop", padding: 4 },
    { name: "horizontal_flip" },
  ]);
  assertEquals(plan.host.length, 1);
  assertEquals(plan.transform, { padding: 4, flip: true });
});

const refused: [string, unknown[], string, (string | number)[]][] = [
  ["an unknown name", ["horizontalflip"], 'did you mean "horizontal_flip"', [0]],
  ["an option out of range", ["vertical_flip", { name: "random_crop", padding: -1 }], "padding", [
    1,
    "padding",
  ]],
  [
    "an impossible order",
    ["horizontal_flip", "vertical_flip"],
    "put vertical_flip before",
    [
      1,
    ],
  ],
  [
    "an augmentation after random_erasing",
    [{ name: "random_erasing", p: 0.1 }, "horizontal_flip"],
    "put random_erasing after it",
    [1],
  ],
  [
    "a second crop",
    [
      { name: "random_crop", padding: 1 },
      { name: "random_crop", padding: 2 },
    ],
    "twice",
    [1],
  ],
];
for (const [what, list, message, at] of refused) {
  Deno.test(`a list with ${what} is rejected at its place`, () => {
    const error = assertThrows(
      () => planAugmentation(list as AugmentationChoice[]),
      InputError,
      message,
    );
    assertEquals(error.at, at);
  });
}

Deno.test("a crop whose padding exceeds the images is rejected", () => {
  const choices = [{ name: "random_crop", padding: 6 }] as const;
  const plan = (width: number) => planAugmentation(choices, { height: 9, width, channels: 1 });
  assertEquals(plan(7).transform.padding, 6);
  const error = assertThrows(() => plan(6), InputError, "images of 9x6 need less than 6");
  assertEquals(error.at, [0, "padding"]);
});

Deno.test("random_erasing takes one value or one per channel", () => {
  const plan = (channels: number) =>
    planAugmentation([{ name: "random_erasing", value: [1, 2, 3] }], {
      height: 9,
      width: 9,
      channels,
    });
  assertEquals(plan(3).transform.erasing?.value, [1, 2, 3]);
  const error = assertThrows(() => plan(1), InputError, "found 3 numbers, expected one or 1");
  assertEquals(error.at, [0, "value"]);
});

Deno.test("erased rectangles have the given frequency and size, inside the image", () => {
  const size = { height: 20, width: 30 };
  const laws = { p: 0.4, scale: [0.1, 0.2], ratio: [0.5, 2] } as const;
  const drawn = Array.from(
    { length: 1000 },
    (_, sample) => drawErased(size, laws, new RandomStream({ seed: 5, stream: 0, sample })),
  );
  const erased = drawn.filter(([, , height]) => height > 0);
  assertAlmostEquals(erased.length / drawn.length, 0.4, 0.05);
  for (const [top, left, height, width] of erased) {
    assert(top >= 0 && left >= 0 && top + height <= 20 && left + width <= 30);
    const share = height * width / 600;
    assert(share > 0.08 && share < 0.22, `${height}x${width}`);
    assert(height / width > 0.4 && height / width < 2.4, `${height}x${width}`);
  }
  // An image is never erased as a whole.
  const whole = { p: 1, scale: [1, 1], ratio: [1, 1] } as const;
  assertEquals(drawErased(size, whole, new RandomStream({ seed: 5, stream: 0 })), [0, 0, 0, 0]);
});

Deno.test("vertical_flip turns about half of the images upside down", () => {
  const [flip] = planAugmentation(["vertical_flip"]).host;
  const shape = { height: 3, width: 1, channels: 2 };
  const seen = Array.from({ length: 100 }, (_, sample) => {
    const image = new Uint8Array([1, 2, 3, 4, 5, 6]);
    flip.apply(image, shape, new RandomStream({ seed: 5, stream: STREAM.augmentation, sample }));
    return image.join();
  });
  const flipped = seen.filter((image) => image === "5,6,3,4,1,2").length;
  assertEquals(seen.filter((image) => image === "1,2,3,4,5,6").length, 100 - flipped);
  assertEquals(Math.abs(flipped - 50) < 20, true, `${flipped} of 100`);
});

Deno.test("every augmentation and its options are described", () => {
  for (const { about, schema } of Object.values(AUGMENTATIONS)) {
    assertEquals(about === "", false);
    for (const option of Object.values(schema.shape)) {
      assertEquals(typeof option.description, "string");
    }
  }
});
