import { assert, assertEquals, assertRejects } from "@std/assert";
import { planAugmentation } from "../../datasets/augmentations/registry.ts";
import { parseMixing } from "../../datasets/mixing/options.ts";
import { type DatasetOptions, openDataset } from "../../datasets/open.ts";
import { presetOf, PRESETS } from "../../datasets/presets.ts";
import { planTransforms, type TransformChoice } from "../../datasets/transforms/registry.ts";
import { InputError } from "../../errors.ts";

const measured: TransformChoice[] = [{ name: "fit", size: 24 }];

for (const name of PRESETS) {
  for (const [height, width] of [[24, 24], [8, 8], [64, 64], [96, 65], [224, 224]]) {
    Deno.test(`${name} fits images of ${height}x${width}`, () => {
      for (const channels of [1, 3]) {
        const shape = { height, width, channels };
        const { train, augmentation, mixing } = presetOf(name, shape);
        assert(name !== "none" || !train && augmentation.length === 0 && !mixing);
        planAugmentation(augmentation, shape);
        if (train) {
          const { size } = planTransforms(train, { from: { height, width }, isRandom: true });
          assertEquals(size, { height, width });
        }
        if (mixing) parseMixing(mixing);
        const all = JSON.stringify([train, augmentation]);
        assertEquals(all.includes("flip"), channels === 3 && name !== "none");
      }
    });
  }
}

Deno.test("presets shift small images and crop parts of large ones, smaller parts if stronger", () => {
  const small = { height: 32, width: 32, channels: 3 };
  assertEquals(presetOf("light", small).augmentation, [
    { name: "random_crop", padding: 2 },
    "horizontal_flip",
  ]);
  assertEquals(presetOf("standard", small, measured), {
    augmentation: [{ name: "random_crop", padding: 4 }, "horizontal_flip"],
  });
  assertEquals(presetOf("strong", small, measured).train, [...measured, "trivial_augment_wide"]);
  const large = { height: 224, width: 224, channels: 3 };
  const part = { name: "random_resized_crop", size: [224, 224] } as const;
  assertEquals(presetOf("light", large), {
    train: [{ ...part, size: [224, 224], scale: [0.35, 1] }, "horizontal_flip"],
    augmentation: [],
  });
  assertEquals(presetOf("strong", large, measured), {
    train: [
      { ...part, size: [224, 224], scale: [0.08, 1] },
      "horizontal_flip",
      "trivial_augment_wide",
    ],
    augmentation: [{ name: "random_erasing", p: 0.1 }],
    mixing: { mixup: { alpha: 0.2 }, cutmix: { alpha: 1 } },
  });
});

const open = (options: DatasetOptions) =>
  openDataset(
    { name: "synthetic", classes: 2, imageSize: 80, trainCount: 4, testCount: 4 },
    options,
  );

Deno.test("a dataset applies its preset", async () => {
  const plain = await open({ preset: "none" });
  assertEquals(plain.info.imageShape.height, 80);
  const { train, test } = await (await open({ preset: "light", evalTransforms: measured })).load();
  assertEquals([train.shape.height, test.shape.height], [24, 24]);
  const images = async (epoch: number) => {
    const { train } = await (await open({ preset: "standard" })).load();
    const into = new Uint8Array(80 * 80 * 3);
    await train.read(0, epoch, into);
    return into;
  };
  assertEquals(await images(1), await images(1));
  assert(`${await images(0)}` !== `${await images(1)}`);
});

Deno.test("a preset together with a list of transforms is rejected", async () => {
  const both = { preset: "strong", trainTransforms: ["horizontal_flip"] } as const;
  const error = await assertRejects(() => open(both), InputError, "leave one of them out");
  assertEquals(error.at, ["preset"]);
});
