import { z } from "../schema/entry.ts";
import type { DatasetEntry } from "./dataset.ts";
import { openShards, type ShardKind, shardOptions } from "./shards/open.ts";
import type { ParquetHandle } from "./stores/parquet.ts";
import type { ParquetForm } from "./stores/parquet_rows.ts";

const schema = z.object({
  ...shardOptions,
  picture: z.string().min(1).optional().describe(
    "Column of the images; by default the only one that contains some, such as image",
  ),
  label: z.string().min(1).optional().describe(
    "Column of the labels; by default the only one of classes, such as label",
  ),
});

const KIND: ShardKind = {
  name: "parquet",
  ending: /\.parquet$/i,
  indexer: {
    kind: "parquet",
    script: new URL("./shards/parquet_worker.ts", import.meta.url),
    async indexHere(path, options) {
      const address = new URL("./shards/parquet_index.ts", import.meta.url).href;
      return (await import(address)).indexParquet(path, options);
    },
  },
  store: (names, { page, row, dictionary }, forms): ParquetHandle => ({
    kind: "parquet",
    ...names,
    places: { page, row, dictionary },
    forms: forms as ParquetForm[],
  }),
};

/** Images in Parquet files, as in Hugging Face's datasets: a column of images and one of labels. */
export const parquet: DatasetEntry<typeof schema> = {
  about: "Your own images in Parquet files, as in Hugging Face's datasets",
  schema,
  build: (options, where) => openShards(KIND, options, where),
};
