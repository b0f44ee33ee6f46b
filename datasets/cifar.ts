/**
 * The binary version of CIFAR (A. Krizhevsky, "Learning Multiple Layers of Features from Tiny
 * Images", 2009): records of label bytes followed by 1,024 red, 1,024 green and 1,024 blue bytes,
 * each plane row by row from the top.
 */
import { join } from "node:path";
import { InputError } from "../errors.ts";
import type { DatasetInfo, Splits } from "./dataset.ts";
import { LABELS } from "./image_source.ts";
import { publishedEntry } from "./published.ts";
import { checkLabel } from "./records.ts";
import { emptyLabelled, type MemorySource } from "./sources/memory.ts";

/** How the records of one of the two datasets begin, and in which files they are. */
interface CifarLayout {
  readonly train: readonly string[];
  readonly test: readonly string[];
  /** Bytes before the pixels. */
  readonly labelBytes: number;
  /** Which of them is the label. */
  readonly labelIndex: number;
}

/** One of the two datasets. */
interface CifarDataset extends Pick<DatasetInfo, "name" | "title" | "classNames" | "statistics"> {
  readonly about: string;
  readonly layout: CifarLayout;
  /** Name of the archive, without `.tar.gz`. */
  readonly archive: string;
  readonly md5: string;
  /** The folder in the archive. */
  readonly folder: string;
}

/** The entry of one of the two datasets. */
export function cifarEntry({ about, layout, archive, md5, folder, ...own }: CifarDataset) {
  const info: DatasetInfo = {
    ...own,
    imageShape: { height: 32, width: 32, channels: 3 },
    targets: { labels: LABELS },
    sizes: { train: 50000, test: 10000 },
  };
  const file = `${archive}.tar.gz`;
  return publishedEntry({
    info,
    about,
    files: [...layout.train, ...layout.test],
    gzipped: false,
    layouts: [".", folder, `${archive}/${folder}`],
    remoteFiles: [{
      name: file,
      urls: [`https://www.cs.toronto.edu/~kriz/${file}`],
      mirrorPath: file,
      checksum: `md5:${md5}`,
      recordBytes: (info.sizes.train + info.sizes.test) * recordBytes(info, layout),
    }],
    load: (folder) => loadCifar(folder, info, layout),
  });
}

/** Reads both splits from a folder. */
export async function loadCifar(
  folder: string,
  info: DatasetInfo,
  layout: CifarLayout,
): Promise<Splits> {
  return {
    train: await loadSplit(folder, layout.train, info, info.sizes.train, layout),
    test: await loadSplit(folder, layout.test, info, info.sizes.test, layout),
  };
}

async function loadSplit(
  folder: string,
  files: readonly string[],
  info: DatasetInfo,
  count: number,
  layout: CifarLayout,
): Promise<MemorySource> {
  const split = emptyLabelled(count, info.imageShape);
  const perFile = count / files.length;
  for (const [i, file] of files.entries()) {
    const path = join(folder, file);
    readRecords(await Deno.readFile(path), path, split, i * perFile, perFile, info, layout);
  }
  return split.source;
}

function recordBytes({ imageShape }: DatasetInfo, { labelBytes }: CifarLayout): number {
  const { height, width, channels } = imageShape;
  return labelBytes + channels * height * width;
}

/** Unpacks `count` records into the split from image `first` on, planes to channels last. */
function readRecords(
  bytes: Uint8Array,
  path: string,
  { source, labels }: ReturnType<typeof emptyLabelled>,
  first: number,
  count: number,
  info: DatasetInfo,
  layout: CifarLayout,
): void {
  const { labelBytes, labelIndex } = layout;
  const { height, width, channels } = info.imageShape;
  const plane = height * width;
  const record = recordBytes(info, layout);
  if (bytes.length !== count * record) {
    throw new InputError(
      `${path}: holds ${bytes.length} bytes, expected ${count * record} (${count} records of ` +
        `${record}); it is damaged: delete its folder, and the dataset is downloaded again`,
    );
  }
  for (let i = 0; i < count; i++) {
    const from = i * record;
    const label = bytes[from + labelIndex];
    labels[first + i] = checkLabel(label, i, info.classNames.length, path);
    for (let channel = 0; channel < channels; channel++) {
      const start = from + labelBytes + channel * plane;
      let target = (first + i) * plane * channels + channel;
      for (let pixel = 0; pixel < plane; pixel++, target += channels) {
        source.images[target] = bytes[start + pixel];
      }
    }
  }
}
