import { z } from "../schema/entry.ts";
import type { DatasetEntry, DatasetInfo } from "./dataset.ts";
import { LABELS } from "./image_source.ts";
import { emptyLabelled, type MemorySource } from "./sources/memory.ts";
import {
  classPatterns,
  imageAt,
  imageStream,
  paintWaves,
  wavesOptions,
  wavesStatistics,
} from "./waves.ts";

const schema = z.object(wavesOptions);

/** Noisy wave patterns, one per class (`waves.ts`). */
export const synthetic: DatasetEntry<typeof schema> = {
  about: "Noisy wave patterns computed from a seed; no files",
  schema,
  build({ classes, imageSize, channels, trainCount, testCount, imageSeed }) {
    const imageShape = { height: imageSize, width: imageSize, channels };
    const info: DatasetInfo = {
      name: "synthetic",
      title: "Synthetic waves",
      classNames: Array.from({ length: classes }, (_, i) => `class ${i}`),
      imageShape,
      statistics: wavesStatistics(channels, 1),
      targets: { labels: LABELS },
      sizes: { train: trainCount, test: testCount },
    };
    const load = () => {
      const patterns = classPatterns(imageSeed, classes, imageShape);
      const make = (split: "train" | "test"): MemorySource => {
        const { source, labels } = emptyLabelled(info.sizes[split], imageShape);
        for (let i = 0; i < source.count; i++) {
          labels[i] = i % classes;
          const random = imageStream(imageSeed, split, i);
          const image = imageAt(source.images, i, imageShape);
          paintWaves(image, imageShape, [patterns[labels[i]]], random);
        }
        return source;
      };
      return Promise.resolve({ train: make("train"), test: make("test") });
    };
    return { info, load };
  },
};
