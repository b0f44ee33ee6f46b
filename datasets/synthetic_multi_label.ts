import { z } from "../schema/entry.ts";
import type { DatasetEntry, DatasetInfo } from "./dataset.ts";
import { emptyTargets, imageSize as bytesOf, multiHot } from "./image_source.ts";
import { MemorySource } from "./sources/memory.ts";
import {
  classPatterns,
  imageAt,
  imageStream,
  paintWaves,
  wavesOptions,
  wavesStatistics,
} from "./waves.ts";

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
  build({ classes, imageSize, channels, trainCount, testCount, imageSeed, maxLabels }) {
    const imageShape = { height: imageSize, width: imageSize, channels };
    const field = multiHot(classes);
    const info: DatasetInfo = {
      name: "synthetic_multi_label",
      title: "Synthetic waves, several per image",
      classNames: Array.from({ length: classes }, (_, i) => `class ${i}`),
      imageShape,
      statistics: wavesStatistics(channels, maxLabels / 2),
      targets: { targets: field },
      sizes: { train: trainCount, test: testCount },
    };
    const load = () => {
      const patterns = classPatterns(imageSeed, classes, imageShape);
      const make = (split: "train" | "test"): MemorySource => {
        const count = info.sizes[split];
        const images = new Uint8Array(new SharedArrayBuffer(count * bytesOf(imageShape)));
        const targets = emptyTargets(field, count);
        for (let i = 0; i < count; i++) {
          const random = imageStream(imageSeed, split, i);
          const shown = random.permutation(classes).subarray(0, random.integer(maxLabels + 1));
          for (const label of shown) targets[i * classes + label] = 1;
          const chosen = Array.from(shown, (label) => patterns[label]);
          paintWaves(imageAt(images, i, imageShape), imageShape, chosen, random);
        }
        const column = { ...field, data: targets };
        return new MemorySource({ images, shape: imageShape, targets: { targets: column } });
      };
      return Promise.resolve({ train: make("train"), test: make("test") });
    };
    return { info, load };
  },
};
