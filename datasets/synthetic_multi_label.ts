import { z } from "../schema/entry.ts";
import type { DatasetEntry } from "./dataset.ts";
import { multiHot } from "./image_source.ts";
import { openWaves, wavesOptions } from "./waves.ts";

const schema = z.object({
  ...wavesOptions,
  maxLabels: z.int().min(1).default(3).describe(
    "Patterns in an image: from 0 to this many, all numbers equally often",
  ),
}).refine(({ classes, maxLabels }) => maxLabels <= classes, {
  path: ["maxLabels"],
  error: "expected at most as many as classes",
});

/** Noisy wave patterns, several in one image (`waves.ts`); the targets are multi-hot. */
export const syntheticMultiLabel: DatasetEntry<typeof schema> = {
  about: "Several noisy wave patterns in one image, computed from a seed; no files",
  schema,
  build: ({ maxLabels, ...options }) =>
    openWaves(options, {
      name: "synthetic_multi_label",
      title: "Synthetic waves, several per image",
      target: ["targets", multiHot(options.classes)],
      shown: maxLabels / 2,
      choose(_index, random, target) {
        const classes = random.permutation(options.classes);
        const shown = classes.subarray(0, random.integer(maxLabels + 1));
        for (const label of shown) target[label] = 1;
        return shown;
      },
    }),
};
