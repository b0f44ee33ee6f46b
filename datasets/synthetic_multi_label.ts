import { z } from "../schema/entry.ts";
import type { DatasetEntry } from "./dataset.ts";
import { multiHot } from "./image_source.ts";
import { openWaves, wavesOptions } from "./waves.ts";

/** Default for the most patterns per image, unless there are fewer classes. */
const USUAL_LABELS = 3;

interface LabelOptions {
  readonly classes: number;
  readonly maxLabels?: number;
}

function mostLabels({ classes, maxLabels = Math.min(USUAL_LABELS, classes) }: LabelOptions) {
  return maxLabels;
}

const schema = z.object({
  ...wavesOptions,
  maxLabels: z.int().min(1).optional().describe(
    "Most patterns per image; their number is uniform from 0 to this; by default " +
      `${USUAL_LABELS}, or the number of classes if that is smaller`,
  ),
}).overwrite((options) => ({ ...options, maxLabels: mostLabels(options) }))
  .refine((options) => mostLabels(options) <= options.classes, {
    path: ["maxLabels"],
    error: ({ input }) => {
      const { classes, maxLabels } = input as LabelOptions;
      return `found ${maxLabels}, expected at most ${classes}, the number of classes`;
    },
  });

/** Noisy wave patterns, several in one image (`waves.ts`); the targets are multi-hot. */
export const syntheticMultiLabel: DatasetEntry<typeof schema> = {
  about: "Several noisy wave patterns in one image, computed from a seed; no files",
  schema,
  build({ maxLabels: given, ...options }) {
    const maxLabels = mostLabels({ ...options, maxLabels: given });
    return openWaves(options, {
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
    });
  },
};
