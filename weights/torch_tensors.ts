/** Extracts tensors from the storages in files of torch.save. */
import type { InputError } from "../errors.ts";
import { formatBytes } from "../reporting/format.ts";
import {
  elementBytes,
  type StoredDtype,
  type Tensor,
  tensorOf,
} from "../safetensors/safetensors.ts";
import { type Storage, type TensorView, unsound } from "./torch_pickle.ts";

/** More axes than any weight has. */
const MAX_RANK = 16;

/** Bytes that the tensors of a small file may occupy. */
const SMALL_BYTES = 2 ** 26;

/** Most bytes of tensors per byte of the file: overlapping views are copied. */
const MAX_TIMES = 8;

/** Unsigned integers of an element's size. */
const WORDS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array } as const;

/** Most bytes that the tensors of a file of this size may occupy. */
export function mostBytes(fileBytes: number): number {
  return Math.max(SMALL_BYTES, MAX_TIMES * fileBytes);
}

/** The tensors in a storage. */
export interface StorageViews {
  readonly storage: Storage;
  readonly dtype: StoredDtype;
  /** Bytes of the storage. */
  readonly bytes: number;
  readonly views: readonly (readonly [name: string, view: TensorView])[];
}

/**
 * The storages that tensors are in, by key. Throws InputError, naming the file `path` and the tensor, for
 * a view that exceeds its storage, an unsupported element type, and tensors that are too large in total
 * for the file's size.
 */
export function storagesOf(
  path: string,
  tensors: ReadonlyMap<string, TensorView>,
  fileBytes: number,
): Map<string, StorageViews> {
  const most = mostBytes(fileBytes);
  const storages = new Map<string, StorageViews & { views: [string, TensorView][] }>();
  let sum = 0;
  for (const [name, view] of tensors) {
    const fail = (problem: string) => unsound(path, `the tensor ${name} ${problem}`);
    const { storage } = view;
    const dtype = requireDtype(name, storage, path);
    const others = storages.get(storage.key);
    sum += checkedElements(view, fail) * elementBytes(dtype);
    if (sum > most) {
      throw fail(
        `and those before it occupy more than ${formatBytes(most)}, from a file of ` +
          formatBytes(fileBytes),
      );
    }
    const bytes = storage.size * elementBytes(dtype);
    const known = others ?? { storage, dtype, bytes, views: [] };
    known.views.push([name, view]);
    storages.set(storage.key, known);
  }
  return storages;
}

function requireDtype(name: string, { dtype, type }: Storage, path: string): StoredDtype {
  if (dtype !== undefined) return dtype;
  throw unsound(path, `the tensor ${name} has the unsupported element type ${type}`);
}

/** Elements that a view spans. */
function checkedElements(
  { storage, offset, shape, stride }: TensorView,
  fail: (problem: string) => InputError,
): number {
  if (shape.length > MAX_RANK) throw fail(`has more than ${MAX_RANK} axes`);
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (count === 0) return 0;
  const last = shape.reduce((sum, extent, i) => sum + (extent - 1) * stride[i], offset);
  if (last >= storage.size) {
    throw fail(`reaches element ${last} of a storage of ${storage.size}`);
  }
  return count;
}

/**
 * Adds the tensors in a storage of these bytes to `tensors`. Throws InputError, naming the file `path`,
 * if there are too few bytes.
 */
export function readViews(
  path: string,
  { storage, dtype, bytes: expected, views }: StorageViews,
  bytes: Uint8Array<ArrayBuffer>,
  isBigEndian: boolean,
  tensors: Map<string, Tensor>,
): void {
  if (bytes.length < expected) {
    throw unsound(
      path,
      `the storage ${storage.key} of the tensor ${
        views[0][0]
      } has ${bytes.length} bytes, expected ` +
        `${expected}`,
    );
  }
  const size = elementBytes(dtype);
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  for (const [name, view] of views) {
    const own = gathered(aligned, view, size as keyof typeof WORDS);
    if (isBigEndian) {
      for (let at = 0; at < own.length; at += size) own.subarray(at, at + size).reverse();
    }
    tensors.set(name, tensorOf(dtype, view.shape, own));
  }
}

/** The bytes of a view of aligned bytes, row-major, in a new array. */
function gathered(
  bytes: Uint8Array<ArrayBuffer>,
  { offset, shape, stride }: TensorView,
  size: keyof typeof WORDS,
): Uint8Array<ArrayBuffer> {
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (count === 0) return new Uint8Array();
  if (isContiguous(shape, stride)) return bytes.slice(size * offset, size * (offset + count));
  const numbers = Math.floor(bytes.length / size);
  const from = new WORDS[size](bytes.buffer, bytes.byteOffset, numbers);
  const to = new WORDS[size](count);
  const place = shape.map(() => 0);
  for (let i = 0, at = offset; i < count; i++) {
    to[i] = from[at];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += stride[axis];
      if (++place[axis] < shape[axis]) break;
      at -= place[axis] * stride[axis];
      place[axis] = 0;
    }
  }
  return new Uint8Array(to.buffer);
}

function isContiguous(shape: readonly number[], stride: readonly number[]): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && stride[axis] !== step) return false;
    step *= shape[axis];
  }
  return true;
}
