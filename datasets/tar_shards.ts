import { z } from "../schema/entry.ts";
import type { DatasetEntry } from "./dataset.ts";
import { openShards, type ShardKind, shardOptions } from "./shards/open.ts";
import { indexTar } from "./shards/tar_index.ts";

const schema = z.object({
  ...shardOptions,
  label: z.string().min(1).optional().describe(
    "Extension of the label files, with a key for JSON, such as json:category; by default cls, " +
      "json or txt",
  ),
  picture: z.string().min(1).optional().describe(
    "Extension of the images if samples contain several; by default any image extension",
  ),
});

const KIND: ShardKind = {
  name: "tar_shards",
  ending: /\.(tar|tar\.gz|tgz)$/i,
  indexer: {
    kind: "tar",
    script: new URL("./shards/tar_worker.ts", import.meta.url),
    indexHere: (path, options) => Promise.resolve().then(() => indexTar(path, options)),
  },
  store: (names, { offset, length }) => ({ kind: "tar", ...names, places: { offset, length } }),
};

/** Images in tar archives, as WebDataset packs them: `0001.jpg` next to `0001.cls`. */
export const tarShards: DatasetEntry<typeof schema> = {
  about: "Your own images in tar archives, as WebDataset packs them",
  schema,
  build: (options, where) => openShards(KIND, options, where),
};
