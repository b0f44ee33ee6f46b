/**
 * MATLAB's files of level 5, as its versions 5 to 7 write them ("MAT-File Format", The MathWorks): a
 * header, then elements with a type and a length; matrices consist of further elements, and any may be
 * compressed with zlib. Only numeric matrices are read, one after the other.
 */
import { InputError } from "../errors.ts";
import { ByteStream } from "../files/byte_stream.ts";

const HEADER_BYTES = 128;
/** Types of elements: a matrix, and a compressed element. */
const [MATRIX, PACKED] = [14, 15];
/** Kinds of numeric matrices: from double to uint64. */
const [FIRST_NUMERIC, LAST_NUMERIC] = [6, 15];
/** Most bytes of dimensions or a name. */
const MAX_DESCRIBED = 1024;

/** Readers of the number types. */
const NUMBERS: Readonly<Record<number, new (bytes: ArrayBuffer) => ArrayLike<number>>> = {
  1: Int8Array,
  2: Uint8Array,
  3: Int16Array,
  4: Uint16Array,
  5: Int32Array,
  6: Uint32Array,
  7: Float32Array,
  9: Float64Array,
};
const [UINT8, INT32, UINT32] = [2, 5, 6];

/** A matrix; its numbers are stored column by column: the first index changes fastest. */
export interface Matrix {
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether they are unsigned bytes. */
  readonly isBytes: boolean;
  /** The next `length` bytes of its numbers. */
  take(length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** All its numbers. Throws InputError for more than `most`. */
  numbers(most: number): Promise<readonly number[]>;
}

type Fail = (reason: string) => InputError;

/** The numeric matrices of a file, each to be read before the next one is requested. Throws InputError. */
export async function* matricesIn(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  path: string,
): AsyncGenerator<Matrix> {
  const fail = (reason: string) =>
    new InputError(`${path}: not a valid MAT-file of level 5: ${reason}`);
  const bytes = new ByteStream(stream, fail);
  const header = await bytes.take(HEADER_BYTES);
  if (header[125] !== 1 || header[126] !== 0x49 || header[127] !== 0x4d) {
    throw fail("its header is wrong");
  }
  for (let tag = await bytes.takeOrEnd(8); tag; tag = await bytes.takeOrEnd(8)) {
    const { type, length } = tagOf(tag);
    const part = bytes.part(length);
    const isPacked = type === PACKED;
    const inner = new ByteStream(
      isPacked ? part.pipeThrough(new DecompressionStream("deflate")) : part,
      fail,
    );
    if ((isPacked ? tagOf(await inner.take(8)).type : type) === MATRIX) {
      const matrix = await matrixIn(inner, fail);
      if (matrix) yield matrix;
    }
    await inner.skip();
  }
}

/** A tag; a short element has its four bytes in it. */
function tagOf(tag: Uint8Array): { type: number; length: number; isShort: boolean } {
  const view = new DataView(tag.buffer, tag.byteOffset);
  const word = view.getUint32(0, true);
  return word >>> 16 === 0
    ? { type: word, length: view.getUint32(4, true), isShort: false }
    : { type: word & 0xffff, length: word >>> 16, isShort: true };
}

/** A matrix up to its numbers; undefined if it is not numeric. */
async function matrixIn(bytes: ByteStream, fail: Fail): Promise<Matrix | undefined> {
  const flags = await elementIn(bytes, fail);
  if (flags.type !== UINT32 || flags.data.length !== 8) throw fail("a matrix without flags");
  if (flags.data[0] < FIRST_NUMERIC || flags.data[0] > LAST_NUMERIC) return undefined;
  const extents = await elementIn(bytes, fail);
  if (extents.type !== INT32) throw fail("a matrix without extents");
  const shape = valuesOf(extents, fail);
  const name = new TextDecoder("latin1").decode((await elementIn(bytes, fail)).data);
  const tag = await bytes.take(8);
  const { type, length, isShort } = tagOf(tag);
  const source = isShort ? new ByteStream(new Blob([tag.slice(4)]).stream(), fail) : bytes;
  return {
    name,
    shape,
    isBytes: type === UINT8,
    take: (count) => source.take(count),
    async numbers(most) {
      if (length > 8 * most) {
        throw fail(`${name} has ${length} bytes, expected at most ${8 * most}`);
      }
      const values = valuesOf({ type, data: await source.take(length) }, fail);
      const count = shape.reduce((product, extent) => product * extent, 1);
      if (values.length === count) return values;
      throw fail(`${name} has ${values.length} numbers, expected ${count}`);
    },
  };
}

/** An element, with padding to eight bytes. */
async function elementIn(
  bytes: ByteStream,
  fail: Fail,
): Promise<{ type: number; data: Uint8Array<ArrayBuffer> }> {
  const tag = await bytes.take(8);
  const { type, length, isShort } = tagOf(tag);
  if (isShort) return { type, data: tag.slice(4, 4 + length) };
  if (length > MAX_DESCRIBED) throw fail(`${length} bytes describe a matrix`);
  const data = await bytes.take(8 * Math.ceil(length / 8));
  return { type, data: data.subarray(0, length) };
}

function valuesOf(
  { type, data }: { readonly type: number; readonly data: Uint8Array<ArrayBuffer> },
  fail: Fail,
): readonly number[] {
  const Numbers = NUMBERS[type];
  if (!Numbers) throw fail(`numbers of type ${type}`);
  try {
    return Array.from(new Numbers(data.slice().buffer));
  } catch {
    throw fail(`${data.length} bytes of numbers of type ${type}`);
  }
}
