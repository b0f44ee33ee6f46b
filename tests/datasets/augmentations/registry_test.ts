import { assertEquals, assertThrows } from "@std/assert";
import {
  type AugmentationChoice,
  AUGMENTATIONS,
  planAugmentation,
} from "../../../datasets/augmentations/registry.ts";
import { InputError } from "../../../errors.ts";
import { RandomStream, STREAM } from "../../../graph/random.ts";

Deno.test("what the training step carries out is told from what is done before it", () => {
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
    "an order that cannot be kept",
    ["horizontal_flip", "vertical_flip"],
    "put vertical_flip ahead",
    [
      1,
    ],
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
  Deno.test(`a list with ${what} is refused at its place`, () => {
    const error = assertThrows(
      () => planAugmentation(list as AugmentationChoice[]),
      InputError,
      message,
    );
    assertEquals(error.at, at);
  });
}

Deno.test("a crop that may hold nothing of an image is refused where the images are known", () => {
  const choices = [{ name: "random_crop", padding: 6 }] as const;
  const plan = (width: number) => planAugmentation(choices, { height: 9, width, channels: 1 });
  assertEquals(plan(7).transform.padding, 6);
  const error = assertThrows(() => plan(6), InputError, "images of 9x6 need less than 6");
  assertEquals(error.at, [0, "padding"]);
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

Deno.test("every augmentation says what it is and describes its options", () => {
  for (const { about, schema } of Object.values(AUGMENTATIONS)) {
    assertEquals(about === "", false);
    for (const option of Object.values(schema.shape)) {
      assertEquals(typeof option.description, "string");
    }
  }
});
