import { z } from "../schema/entry.ts";
import type { DatasetEntry } from "./dataset.ts";
import { LABELS } from "./image_source.ts";
import { openWaves, wavesOptions } from "./waves.ts";

const schema = z.object(wavesOptions);

/** Noisy wave patterns, one per class (`waves.ts`). */
export const synthetic: DatasetEntry<typeof schema> = {
  about: "Noisy wave patterns computed from a seed; no files",
  schema,
  build: (options) =>
    openWaves(options, {
      name: "synthetic",
      title: "Synthetic waves",
      target: ["labels", LABELS],
      shown: 1,
      choose(index, _random, target) {
        target[0] = index % options.classes;
        return target;
      },
    }),
};
