/**
 * Python's pickles of dictionaries, lists, text, numbers and NumPy byte arrays, of which CIFAR's Python
 * version consists. A pickle with anything else is refused.
 */
import { InputError } from "../errors.ts";
import {
  type Named,
  PickleError,
  type Stateful,
  textOf,
  unpickle as readPickle,
} from "../files/formats/pickle.ts";

/** A NumPy array of bytes, row-major. */
export class ByteArray implements Stateful {
  shape: readonly unknown[] = [];
  data: Uint8Array = new Uint8Array();

  /** An array's state: its version, shape, type, order and bytes. */
  withState(state: unknown): ByteArray {
    if (!Array.isArray(state)) throw new PickleError("it contains an array without a state");
    const [, shape, type, isByColumns, data] = state;
    return Object.assign(this, arrayOf([data, type, shape, isByColumns ? "F" : "C"]));
  }
}

/** The element type unsigned byte; its state describes only byte order, so it is ignored. */
class Bytes implements Stateful {
  withState(): Bytes {
    return this;
  }
}

/** The value of a pickle. Throws InputError if it is damaged or contains anything else. */
export function unpickle(bytes: Uint8Array<ArrayBuffer>, path: string): unknown {
  /** Bytes converted from text: at most the file's size, unless text is converted repeatedly. */
  let encoded = 0;
  const encode = (given: readonly unknown[]) => {
    const made = latin1(given);
    if ((encoded += made.length) > bytes.length) {
      throw new PickleError("it unpacks to more bytes than it has");
    }
    return made;
  };
  const names = new Map<string, Named>([...NAMES, ["_codecs.encode", { call: encode }]]);
  try {
    return readPickle(bytes, { named: (name) => names.get(name) }).value;
  } catch (error) {
    if (!(error instanceof PickleError)) throw error;
    throw new InputError(
      `${path}: not a pickle of text, numbers and byte arrays: ${error.message}`,
    );
  }
}

const reconstructed: Named = { call: () => new ByteArray() };
const fromBuffer: Named = { call: arrayOf };

/** The permitted names, including NumPy's former ones. */
const NAMES: readonly [string, Named][] = [
  ["numpy.core.multiarray._reconstruct", reconstructed],
  ["numpy._core.multiarray._reconstruct", reconstructed],
  ["numpy.core.numeric._frombuffer", fromBuffer],
  ["numpy._core.numeric._frombuffer", fromBuffer],
  ["numpy.ndarray", {}],
  ["numpy.dtype", {
    call([name]) {
      if (textOf(name) === "u1") return new Bytes();
      throw new PickleError(`it contains an array of ${textOf(name)}`);
    },
  }],
];

/** How Python 3 writes bytes in protocol 2. */
function latin1([text, encoding]: readonly unknown[]): Uint8Array {
  if (typeof text !== "string" || textOf(encoding) !== "latin1") {
    throw new PickleError("it contains bytes in an encoding other than latin1");
  }
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function arrayOf([data, type, shape, order]: readonly unknown[]): ByteArray {
  if (
    !(data instanceof Uint8Array && type instanceof Bytes && Array.isArray(shape)) ||
    textOf(order) !== "C"
  ) {
    throw new PickleError("it contains an array that is not of bytes in row-major order");
  }
  return Object.assign(new ByteArray(), { shape, data });
}
