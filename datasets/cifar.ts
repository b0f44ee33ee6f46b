/**
 * The binary version of CIFAR (A. Krizhevsky, "Learning Multiple Layers of Features from Tiny
 * Images", 2009): records of label bytes followed by 1,024 red, 1,024 green and 1,024 blue bytes,
 * each plane row by row from the top.
 */
import type { DatasetInfo, Splits } from "./dataset.ts";
import { imageSize, LABELS } from "./image_source.ts";
import { publishedEntry } from "./published.ts";
import type { LocatedFile, LocatedFiles } from "./published_files.ts";
import { checkLabel, readDataFile, requireLength } from "./records.ts";
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
  readonly sha256: string;
  /** Checksums of the files in it by name. */
  readonly contents: Readonly<Record<string, string>>;
  /** The folder in the archive. */
  readonly folder: string;
}

/** The entry of one of the two datasets. */
export function cifarEntry(
  { about, layout, archive, sha256, contents, folder, ...own }: CifarDataset,
) {
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
      checksum: `sha256:${sha256}`,
      contents: Object.entries(contents).map(([name, digest]) => ({
        name,
        checksum: `sha256:${digest}`,
      })),
      recordBytes: (info.sizes.train + info.sizes.test) * recordBytes(info, layout),
    }],
    load: (files) => loadCifar(files, info, layout),
  });
}

/** Reads both splits. */
export async function loadCifar(
  files: LocatedFiles["files"],
  info: DatasetInfo,
  layout: CifarLayout,
): Promise<Splits> {
  const split = (names: readonly string[], count: number) =>
    loadSplit(names.map((name) => files.get(name)!), info, count, layout);
  return {
    train: await split(layout.train, info.sizes.train),
    test: await split(layout.test, info.sizes.test),
  };
}

async function loadSplit(
  files: readonly LocatedFile[],
  info: DatasetInfo,
  count: number,
  layout: CifarLayout,
): Promise<MemorySource> {
  const split = emptyLabelled(count, info.imageShape);
  const perFile = count / files.length;
  for (const [i, file] of files.entries()) {
    const bytes = await readDataFile(file, perFile * recordBytes(info, layout), info.name);
    readRecords(bytes, file.path, split, i * perFile, perFile, info, layout);
  }
  return split.source;
}

function recordBytes({ imageShape }: DatasetInfo, { labelBytes }: CifarLayout): number {
  return labelBytes + imageSize(imageShape);
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
  const { images } = source;
  const { height, width } = info.imageShape;
  const plane = height * width;
  const record = recordBytes(info, layout);
  requireLength(bytes, count * record, path, info.name, ` (${count} records of ${record})`);
  for (let i = 0; i < count; i++) {
    const from = i * record;
    const label = bytes[from + labelIndex];
    labels[first + i] = checkLabel(label, i, info, path);
    const red = from + labelBytes, green = red + plane, blue = green + plane;
    for (let pixel = 0, target = 3 * (first + i) * plane; pixel < plane; pixel++) {
      images[target++] = bytes[red + pixel];
      images[target++] = bytes[green + pixel];
      images[target++] = bytes[blue + pixel];
    }
  }
}
