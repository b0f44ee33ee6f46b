import { InputError } from "../errors.ts";
import { sum } from "../reporting/statistics.ts";
import { z } from "../schema/entry.ts";
import { takeColumns } from "./columns.ts";
import type { DatasetEntry, DatasetInfo, Splits } from "./dataset.ts";
import { imageSize, LABELS } from "./image_source.ts";
import { matricesIn, type Matrix } from "./mat.ts";
import { openPublished, type PublishedDataset } from "./published.ts";
import type { LocatedFile, LocatedFiles } from "./published_files.ts";
import { checkDataFile, checkLabel, howToMend } from "./records.ts";
import { emptyLabelled, type MemorySource } from "./sources/memory.ts";

const schema = z.object({
  extra: z.boolean().default(false).describe(
    "Whether to train on the 531,131 extra, easier images too: 1.2 GiB to download, 1.5 in memory",
  ),
});

/** The published files: addresses, checksums and numbers of images. */
const FILES = {
  train: { checksum: "md5:e26dedcc434d2e4c54c9b2d4a06d8373", bytes: 182_040_794, count: 73257 },
  test: { checksum: "md5:eb5a983be6a315427106f1b164d9cef3", bytes: 64_275_384, count: 26032 },
  extra: { checksum: "md5:a93ce644f1a588dc4d68dda5feec44a7", bytes: 1_329_278_602, count: 531131 },
} as const;
type Part = keyof typeof FILES;

const HOST = "http://ufldl.stanford.edu/housenumbers/";
const fileOf = (part: Part) => `${part}_32x32.mat`;

/** SVHN (Y. Netzer and others, 2011), its second format: cropped digits, 32×32. */
export const svhn: DatasetEntry<typeof schema> = {
  about: "99,289 digits of house numbers, in colour, 32×32 (Y. Netzer and others, 2011)",
  schema,
  build: ({ extra }, where) => openPublished(svhnOf(extra), where),
};

/** The dataset with or without its extra part. */
function svhnOf(extra: boolean): PublishedDataset {
  const training: Part[] = extra ? ["train", "extra"] : ["train"];
  const parts: Part[] = [...training, "test"];
  const counts = training.map((part) => FILES[part].count);
  const info: DatasetInfo = {
    name: "svhn",
    title: "SVHN",
    classNames: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    imageShape: { height: 32, width: 32, channels: 3 },
    statistics: { mean: [0.4377, 0.4438, 0.4728], std: [0.1980, 0.2010, 0.1970] },
    targets: { labels: LABELS },
    sizes: { train: sum(counts), test: FILES.test.count },
  };
  return {
    info,
    files: parts.map(fileOf),
    gzipped: false,
    layouts: [".", "svhn", "SVHN"],
    remoteFiles: parts.map((part) => ({
      name: fileOf(part),
      urls: [`${HOST}${fileOf(part)}`],
      mirrorPath: `svhn/${fileOf(part)}`,
      checksum: FILES[part].checksum,
      bytes: FILES[part].bytes,
      recordBytes: FILES[part].count * (imageSize(info.imageShape) + 8),
    })),
    load: (files) => loadSvhn(files, info, counts),
  };
}

/**
 * Reads both splits.
 *
 * @param counts numbers of images in the training files
 */
export async function loadSvhn(
  files: LocatedFiles["files"],
  info: DatasetInfo,
  counts: readonly number[],
): Promise<Splits> {
  const training = [files.get(fileOf("train"))!, files.get(fileOf("extra"))!];
  return {
    train: await loadSplit(training.slice(0, counts.length), counts, info),
    test: await loadSplit([files.get(fileOf("test"))!], [info.sizes.test], info),
  };
}

async function loadSplit(
  files: readonly LocatedFile[],
  counts: readonly number[],
  info: DatasetInfo,
): Promise<MemorySource> {
  const all = sum(counts);
  const { source, labels } = emptyLabelled(all, info.imageShape);
  let first = 0;
  for (const [i, file] of files.entries()) {
    const size = imageSize(info.imageShape);
    const images = source.images.subarray(first * size, (first + counts[i]) * size);
    await readFile(file, images, labels.subarray(first, first + counts[i]), info);
    first += counts[i];
  }
  return source;
}

/** Reads a file's `X`, [height, width, channels, count], and `y`, [count, 1], in either order. */
async function readFile(
  file: LocatedFile,
  images: Uint8Array,
  labels: Int32Array,
  info: DatasetInfo,
): Promise<void> {
  const { path } = file;
  const { imageShape, name } = info;
  const size = imageSize(imageShape);
  const count = labels.length;
  const { height, width, channels } = imageShape;
  await checkDataFile(file, name);
  using opened = await Deno.open(path);
  const missing = new Set(["X", "y"]);
  const expect = (matrix: Matrix, shape: readonly number[]) => {
    missing.delete(matrix.name);
    if (String(matrix.shape) === String(shape) && (matrix.isBytes || matrix.name === "y")) return;
    throw new InputError(
      `${path}: ${matrix.name} is of ${matrix.isBytes ? "bytes" : "other numbers"}, ` +
        `[${matrix.shape.join(", ")}]; expected bytes, [${shape.join(", ")}]`,
    );
  };
  for await (const matrix of matricesIn(opened.readable, path)) {
    if (matrix.name === "X") {
      expect(matrix, [height, width, channels, count]);
      for (let i = 0; i < count; i++) {
        takeColumns(await matrix.take(size), images.subarray(i * size), imageShape);
      }
    } else if (matrix.name === "y") {
      expect(matrix, [count, 1]);
      // Label 10 is the digit 0.
      const digits = await matrix.numbers(count);
      digits.forEach((digit, i) => {
        labels[i] = checkLabel(digit === 10 ? 0 : digit, i, info, path);
      });
    }
  }
  if (missing.size === 0) return;
  throw new InputError(
    `${path}: it does not contain ${[...missing].join(" and ")}; ${howToMend(name)}`,
  );
}
