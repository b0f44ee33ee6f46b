/**
 * The binary version of CIFAR (A. Krizhevsky, "Learning Multiple Layers of Features from Tiny
 * Images", 2009): records of label bytes followed by 1,024 red, 1,024 green and 1,024 blue bytes,
 * each plane row by row from the top.
 */
import { InputError } from "../errors.ts";
import type { DatasetInfo, Splits } from "./dataset.ts";
import { imageSize, LABELS } from "./image_source.ts";
import { publishedEntry } from "./published.ts";
import type { LocatedFile, LocatedFiles } from "./published_files.ts";
import { ByteArray, unpickle } from "./pickle.ts";
import { BESIDES, checkLabel, howToMend, readDataFile, requireLength } from "./records.ts";
import { emptyLabelled } from "./sources/memory.ts";

/** The form of the records of one of the two datasets, and their files. */
interface CifarLayout {
  readonly train: readonly string[];
  readonly test: readonly string[];
  /** Bytes before the pixels. */
  readonly labelBytes: number;
  /** Index of the label among them. */
  readonly labelIndex: number;
}

/** The Python version of one of them: pickles, each a dictionary with arrays. */
interface CifarPickles {
  readonly folder: string;
  readonly train: readonly string[];
  readonly test: readonly string[];
  /** The key of the labels. */
  readonly labels: string;
}

/** One of the two datasets. */
interface CifarDataset extends Pick<DatasetInfo, "name" | "title" | "classNames" | "statistics"> {
  readonly about: string;
  readonly layout: CifarLayout;
  readonly pickles: CifarPickles;
  /** Name of the archive, without `.tar.gz`. */
  readonly archive: string;
  readonly sha256: string;
  /** Its bytes. */
  readonly bytes: number;
  /** Checksums of the files in it by name. */
  readonly contents: Readonly<Record<string, string>>;
  /** The folder in the archive. */
  readonly folder: string;
}

/** The entry of one of the two datasets. */
export function cifarEntry(
  { about, layout, pickles, archive, sha256, bytes, contents, folder, ...own }: CifarDataset,
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
    otherForms: [{
      files: [...pickles.train, ...pickles.test],
      gzipped: false,
      layouts: [".", pickles.folder],
    }],
    remoteFiles: [{
      name: file,
      urls: [`https://www.cs.toronto.edu/~kriz/${file}`],
      mirrorPath: file,
      checksum: `sha256:${sha256}`,
      bytes,
      contents: Object.entries(contents).map(([name, digest]) => ({
        name,
        checksum: `sha256:${digest}`,
      })),
      recordBytes: (info.sizes.train + info.sizes.test) * recordBytes(info, layout),
    }],
    load: (files) =>
      files.has(layout.train[0])
        ? loadCifar(files, info, layout)
        : loadPickles(files, info, pickles),
  });
}

/** Reads both splits. */
export function loadCifar(
  files: LocatedFiles["files"],
  info: DatasetInfo,
  layout: CifarLayout,
): Promise<Splits> {
  let room: ArrayBuffer | undefined;
  return loadSplits(files, info, layout, async (file, split, first, count) => {
    const bytes = await readDataFile(file, count * recordBytes(info, layout), info.name, room);
    room = bytes.buffer;
    readRecords(bytes, file.path, split, first, count, info, layout);
  });
}

/** Reads both splits of the version for Python. */
export function loadPickles(
  files: LocatedFiles["files"],
  info: DatasetInfo,
  pickles: CifarPickles,
): Promise<Splits> {
  const size = imageSize(info.imageShape);
  return loadSplits(files, info, pickles, async (file, { source, labels }, first, count) => {
    // Python 3 may write a byte as a two-byte character.
    const bytes = await readDataFile(file, 2 * count * size + BESIDES, info.name);
    const batch = unpickle(bytes, file.path);
    const data = batch instanceof Map ? batch.get("data") : undefined;
    const classes = batch instanceof Map ? batch.get(pickles.labels) : undefined;
    if (
      !(data instanceof ByteArray && Array.isArray(classes)) || classes.length !== count ||
      String(data.shape) !== String([count, size]) || data.data.length !== count * size
    ) {
      throw new InputError(
        `${file.path}: expected \`data\`, bytes [${count}, ${size}], and ${count} numbers as ` +
          `\`${pickles.labels}\`; ${howToMend(info.name)}`,
      );
    }
    classes.forEach((label, i) => {
      labels[first + i] = checkLabel(label, i, info, file.path);
      takePlanes(data.data.subarray(i * size), source.images.subarray((first + i) * size), info);
    });
  });
}

type Split = ReturnType<typeof emptyLabelled>;

/** Reads both splits, from files with equal numbers of images. */
async function loadSplits(
  files: LocatedFiles["files"],
  info: DatasetInfo,
  names: { readonly train: readonly string[]; readonly test: readonly string[] },
  read: (file: LocatedFile, split: Split, first: number, count: number) => Promise<void>,
): Promise<Splits> {
  const load = async (names: readonly string[], count: number) => {
    const split = emptyLabelled(count, info.imageShape);
    const perFile = count / names.length;
    for (const [i, name] of names.entries()) {
      await read(files.get(name)!, split, i * perFile, perFile);
    }
    return split.source;
  };
  return {
    train: await load(names.train, info.sizes.train),
    test: await load(names.test, info.sizes.test),
  };
}

function recordBytes({ imageShape }: DatasetInfo, { labelBytes }: CifarLayout): number {
  return labelBytes + imageSize(imageShape);
}

/** Unpacks `count` records into the split, starting at image `first`, from planes to channels last. */
function readRecords(
  bytes: Uint8Array,
  path: string,
  { source, labels }: Split,
  first: number,
  count: number,
  info: DatasetInfo,
  layout: CifarLayout,
): void {
  const { labelBytes, labelIndex } = layout;
  const size = imageSize(info.imageShape);
  const record = recordBytes(info, layout);
  requireLength(bytes, count * record, path, info.name, ` (${count} records of ${record})`);
  for (let i = 0; i < count; i++) {
    const from = i * record;
    labels[first + i] = checkLabel(bytes[from + labelIndex], i, info, path);
    takePlanes(
      bytes.subarray(from + labelBytes),
      source.images.subarray((first + i) * size),
      info,
    );
  }
}

/** Writes an image of three planes, channels last. */
function takePlanes(
  planes: Uint8Array,
  into: Uint8Array,
  { imageShape: { height, width } }: DatasetInfo,
): void {
  const plane = height * width;
  for (let pixel = 0, to = 0; pixel < plane; pixel++) {
    into[to++] = planes[pixel];
    into[to++] = planes[plane + pixel];
    into[to++] = planes[2 * plane + pixel];
  }
}
