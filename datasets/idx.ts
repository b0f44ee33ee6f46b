/**
 * The IDX format of MNIST and its relatives (Y. LeCun, C. Cortes, C. J. C. Burges): a big-endian
 * header of a magic number and one 32-bit extent per dimension, then the bytes.
 */
import { InputError, messageOf } from "../errors.ts";
import { readAtMost } from "../files/at_most.ts";
import { gunzip } from "../files/gunzip.ts";
import { sizeOf } from "../graph/types.ts";
import type { DatasetInfo, Splits } from "./dataset.ts";
import { imageSize, LABELS } from "./image_source.ts";
import type { DatasetPackage, LocatedFile, LocatedFiles } from "./published_files.ts";
import { publishedEntry } from "./published.ts";
import { BESIDES, checkLabel, howToMend, readDataFile, requireLength } from "./records.ts";
import { emptyLabelled, type MemorySource } from "./sources/memory.ts";

/** The four file names that every dataset of this kind uses: training images and labels, then test. */
export const IDX_FILES = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
] as const;

/** A dataset of 60,000 and 10,000 grey images, published as {@link IDX_FILES} with `.gz`. */
interface IdxDataset extends Pick<DatasetInfo, "name" | "title" | "classNames" | "statistics"> {
  readonly about: string;
  readonly layouts: readonly string[];
  /** Base addresses of the files, best first. */
  readonly hosts: readonly string[];
  /** Folder of the files on a mirror. */
  readonly mirrorFolder: string;
  /** Checksums of the packed files in the order of {@link IDX_FILES}. */
  readonly checksums: readonly string[];
  /** Bytes of the packed files, in the same order. */
  readonly bytes: readonly number[];
  readonly package?: DatasetPackage;
}

/** The entry of a dataset in IDX files, each plain or as `.gz`. */
export function idxEntry(
  { about, layouts, hosts, mirrorFolder, checksums, bytes, package: carrier, ...own }: IdxDataset,
) {
  const info: DatasetInfo = {
    ...own,
    imageShape: { height: 28, width: 28, channels: 1 },
    targets: { labels: LABELS },
    sizes: { train: 60000, test: 10000 },
  };
  return publishedEntry({
    info,
    about,
    files: IDX_FILES,
    gzipped: true,
    layouts,
    remoteFiles: IDX_FILES.map((plainName, i) => ({
      name: `${plainName}.gz`,
      urls: hosts.map((host) => `${host}${plainName}.gz`),
      mirrorPath: `${mirrorFolder}/${plainName}.gz`,
      checksum: checksums[i],
      bytes: bytes[i],
      recordBytes: (i < 2 ? info.sizes.train : info.sizes.test) *
        (i % 2 === 0 ? imageSize(info.imageShape) : 1),
    })),
    package: carrier,
    load: (files) => loadIdx(files, info),
  });
}

/** Reads both splits from {@link IDX_FILES}, each plain or as `.gz`. */
export async function loadIdx(files: LocatedFiles["files"], info: DatasetInfo): Promise<Splits> {
  const [trainImages, trainLabels, testImages, testLabels] = IDX_FILES.map((name) =>
    files.get(name)!
  );
  return {
    train: await loadSplit(trainImages, trainLabels, info, info.sizes.train),
    test: await loadSplit(testImages, testLabels, info, info.sizes.test),
  };
}

async function loadSplit(
  imageFile: LocatedFile,
  labelFile: LocatedFile,
  info: DatasetInfo,
  count: number,
): Promise<MemorySource> {
  const { height, width } = info.imageShape;
  const pixels = await readIdx(imageFile, [count, height, width], info.name);
  const classes = await readIdx(labelFile, [count], info.name);
  const { source, labels } = emptyLabelled(count, info.imageShape);
  source.images.set(pixels);
  for (let i = 0; i < count; i++) {
    labels[i] = checkLabel(classes[i], i, info, labelFile.path);
  }
  return source;
}

/**
 * The bytes of an IDX file of unsigned bytes, row-major.
 * Throws InputError if it is damaged or its extents are not `shape`.
 */
async function readIdx(
  file: LocatedFile,
  shape: readonly number[],
  dataset: string,
): Promise<Uint8Array> {
  const { path } = file;
  const header = 4 + 4 * shape.length;
  const expected = header + sizeOf(shape);
  const bytes = await (path.endsWith(".gz") ? unpack : readDataFile)(file, expected, dataset);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The third byte is the element type, 8 for unsigned bytes; the fourth the number of extents.
  if (bytes.length < header || view.getUint32(0) !== 0x800 + shape.length) {
    throw new InputError(
      `${path}: not an IDX file of unsigned bytes in ${shape.length} dimensions; ` +
        howToMend(dataset),
    );
  }
  const found = shape.map((_, i) => view.getUint32(4 + 4 * i));
  if (found.some((extent, i) => extent !== shape[i])) {
    throw new InputError(
      `${path}: its extents are [${found.join(", ")}], expected [${shape.join(", ")}]`,
    );
  }
  requireLength(bytes, expected, path, dataset);
  return bytes.subarray(header);
}

/** The contents of a `.gz`, at most `most` + 1 bytes. */
async function unpack(
  file: LocatedFile,
  most: number,
  dataset: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const packed = await readDataFile(file, most + BESIDES, dataset);
  try {
    return await readAtMost(gunzip(new Blob([packed]).stream()), most);
  } catch (error) {
    const reason = messageOf(error);
    throw new InputError(
      `${file.path}: not a complete gzip file (${reason}); ${howToMend(dataset)}`,
    );
  }
}
