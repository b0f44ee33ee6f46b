/**
 * The IDX format of MNIST and its relatives (Y. LeCun, C. Cortes, C. J. C. Burges): a big-endian
 * header of a magic number and one 32-bit extent for each dimension, then the bytes.
 */
import { join } from "node:path";
import { InputError } from "../errors.ts";
import { sizeOf } from "../graph/types.ts";
import type { DatasetInfo, Splits } from "./dataset.ts";
import { LABELS } from "./image_source.ts";
import type { DatasetPackage } from "./locate.ts";
import { publishedEntry } from "./published.ts";
import { checkLabel, fileExists } from "./records.ts";
import { emptyLabelled, type MemorySource } from "./sources/memory.ts";

/** The four file names every dataset of this kind uses: training images and labels, then test's. */
export const IDX_FILES = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
] as const;

/** A dataset of 60,000 and 10,000 grey pictures, published as {@link IDX_FILES} with `.gz`. */
interface IdxDataset extends Pick<DatasetInfo, "name" | "title" | "classNames" | "statistics"> {
  readonly about: string;
  readonly layouts: readonly string[];
  /** Folders on the web that hold the files, best first. */
  readonly hosts: readonly string[];
  /** Where a mirror keeps them. */
  readonly mirrorFolder: string;
  /** Checksums in the order of {@link IDX_FILES}. */
  readonly md5: readonly string[];
  readonly package?: DatasetPackage;
}

/** The entry of a dataset in IDX files, each plain or as `.gz`. */
export function idxEntry(
  { about, layouts, hosts, mirrorFolder, md5, package: carrier, ...own }: IdxDataset,
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
      checksum: `md5:${md5[i]}`,
      recordBytes: (i < 2 ? 60000 : 10000) * (i % 2 === 0 ? 28 * 28 : 1),
    })),
    package: carrier,
    load: (folder) => loadIdx(folder, info),
  });
}

/** Reads both splits from a folder with {@link IDX_FILES}, each plain or as `.gz`. */
export async function loadIdx(folder: string, info: DatasetInfo): Promise<Splits> {
  const [trainImages, trainLabels, testImages, testLabels] = IDX_FILES;
  return {
    train: await loadSplit(folder, trainImages, trainLabels, info, info.sizes.train),
    test: await loadSplit(folder, testImages, testLabels, info, info.sizes.test),
  };
}

async function loadSplit(
  folder: string,
  imageFile: string,
  labelFile: string,
  info: DatasetInfo,
  count: number,
): Promise<MemorySource> {
  const { height, width } = info.imageShape;
  const pixels = await readIdx(join(folder, imageFile), [count, height, width]);
  const classes = await readIdx(join(folder, labelFile), [count]);
  const { source, labels } = emptyLabelled(count, info.imageShape);
  source.images.set(pixels);
  for (let i = 0; i < count; i++) {
    labels[i] = checkLabel(classes[i], i, info.classNames.length, join(folder, labelFile));
  }
  return source;
}

/**
 * The bytes of an IDX file of unsigned bytes, or of `path` + `.gz`, row-major.
 * Throws InputError if it is damaged or its extents are not `shape`.
 */
async function readIdx(path: string, shape: readonly number[]): Promise<Uint8Array> {
  const { bytes, place } = await readPlainOrGzip(path);
  const header = 4 + 4 * shape.length;
  const expected = sizeOf(shape);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The third byte is the element type, 8 for unsigned bytes; the fourth the number of extents.
  if (bytes.length < header || view.getUint32(0) !== 0x800 + shape.length) {
    throw new InputError(
      `${place}: not an IDX file of unsigned bytes in ${shape.length} dimensions; delete it, and ` +
        "it is downloaded again",
    );
  }
  const found = shape.map((_, i) => view.getUint32(4 + 4 * i));
  if (found.some((extent, i) => extent !== shape[i])) {
    throw new InputError(
      `${place}: its extents are [${found.join(", ")}], expected [${shape.join(", ")}]`,
    );
  }
  if (bytes.length !== header + expected) {
    throw new InputError(
      `${place}: holds ${bytes.length} bytes, expected ${header + expected}; it is damaged: ` +
        "delete it, and it is downloaded again",
    );
  }
  return bytes.subarray(header);
}

async function readPlainOrGzip(path: string): Promise<{ bytes: Uint8Array; place: string }> {
  if (await fileExists(path)) return { bytes: await Deno.readFile(path), place: path };
  const place = `${path}.gz`;
  using file = await Deno.open(place);
  try {
    const plain = file.readable.pipeThrough(new DecompressionStream("gzip"));
    return { bytes: new Uint8Array(await new Response(plain).arrayBuffer()), place };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `${place}: not a whole gzip file (${reason}); delete it, and it is downloaded again`,
    );
  }
}
