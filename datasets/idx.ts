/**
 * The IDX format of MNIST and its relatives (Y. LeCun, C. Cortes, C. J. C. Burges): a big-endian
 * header of a magic number and one 32-bit extent for each dimension, then the bytes.
 */
import { join } from "node:path";
import { InputError } from "../errors.ts";
import type { DatasetInfo, Splits } from "./dataset.ts";
import { checkLabel, fileExists } from "./records.ts";
import { emptyLabelled, type MemorySource } from "./sources/memory.ts";

/** The four file names every dataset of this kind uses. */
export const IDX_FILES = {
  train: ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
  test: ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"],
} as const;

/** Reads both splits from a folder with {@link IDX_FILES}, each plain or as `.gz`. */
export async function loadIdx(folder: string, info: DatasetInfo): Promise<Splits> {
  return {
    train: await loadSplit(folder, IDX_FILES.train, info, info.sizes.train),
    test: await loadSplit(folder, IDX_FILES.test, info, info.sizes.test),
  };
}

async function loadSplit(
  folder: string,
  [imageFile, labelFile]: readonly [string, string],
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
export async function readIdx(path: string, shape: readonly number[]): Promise<Uint8Array> {
  const { bytes, place } = await readPlainOrGzip(path);
  const header = 4 + 4 * shape.length;
  const expected = shape.reduce((product, extent) => product * extent, 1);
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
