import { indexParquet } from "../../../datasets/shards/parquet_index.ts";
import type { ParquetForm } from "../../../datasets/stores/parquet_rows.ts";
import { ParquetReader } from "../../../datasets/stores/parquet_reader.ts";
import { concatenate, damage } from "../bytes.ts";
import type { Kind } from "../kind.ts";

const FIXTURES = new URL("../../fixtures/shards/", import.meta.url);
const SAMPLES = ["hf", "small_pages", "pages_v2", "zstd", "gzip", "lists"];

/** Images in the rows of a file. */
export const parquet: Kind = {
  file: "shard.parquet",
  samples: () => Promise.all(SAMPLES.map((name) => Deno.readFile(sampleOf(name)))),
  // Lengths are in the footer, and elsewhere only before each page.
  mutate(sound, random) {
    const end = sound.length - 8;
    const length = new DataView(sound.buffer, sound.byteOffset).getUint32(end, true);
    if (random.integer(2) === 0) return damage(sound, random);
    const footer = damage(sound.subarray(end - length, end), random);
    const lengths = new Uint8Array(4);
    new DataView(lengths.buffer).setUint32(0, footer.length, true);
    return concatenate([sound.subarray(0, end - length), footer, lengths, sound.subarray(end + 4)]);
  },
  read(path) {
    const { places: { page, row, dictionary }, form } = indexParquet(path, {
      severalLabels: true,
      separator: "|",
    });
    const reader = new ParquetReader();
    page?.forEach((offset, i) =>
      reader.read(path, form as ParquetForm, {
        page: offset,
        row: row[i],
        dictionary: dictionary[i],
      })
    );
    return Promise.resolve();
  },
};

function sampleOf(name: string): URL {
  return new URL(`${name}.parquet`, FIXTURES);
}
