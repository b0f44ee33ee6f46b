/**
 * Python's pickles of dictionaries, lists, texts, numbers and NumPy arrays of bytes: what CIFAR's Python
 * version is made of. A pickle is a program that may call anything; here it builds such values, and one
 * that wants to do anything else is refused. Protocols 2 to 5, of Python 2 too.
 */
import { InputError } from "../errors.ts";

/** A NumPy array of bytes, row-major. */
export class ByteArray {
  shape: readonly unknown[] = [];
  data: Uint8Array = new Uint8Array();
}

/** The type of an array's elements: unsigned bytes. */
class Bytes {}

/** Something that is called by its name. */
class Callable {
  constructor(readonly name: string) {}
}

/** Stands below the members of a value that is not put together yet. */
const MARK = Symbol("mark");

class Refusal extends Error {}

/** The value of a pickle. Throws InputError for one that is damaged or holds anything else. */
export function unpickle(bytes: Uint8Array<ArrayBuffer>, path: string): unknown {
  try {
    return run(bytes);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof Refusal)) throw error;
    const reason = error instanceof Refusal ? error.message : "it ends early";
    throw new InputError(`${path}: no pickle of texts, numbers and arrays of bytes: ${reason}`);
  }
}

/** The text of a value, of Python 2 too, where texts are bytes; undefined for another value. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof Uint8Array ? new TextDecoder("latin1").decode(value) : undefined;
}

function run(bytes: Uint8Array<ArrayBuffer>): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();
  /** Bytes that were made of texts: no more than the file has, unless one is taken again and again. */
  let encoded = 0;
  let at = 0;
  const u8 = () => view.getUint8(at++);
  const u16 = () => view.getUint16((at += 2) - 2, true);
  const u32 = () => view.getUint32((at += 4) - 4, true);
  const u64 = () => Number(view.getBigUint64((at += 8) - 8, true));
  const take = (length: number) => {
    if (length > bytes.length - at) throw new RangeError();
    return bytes.subarray(at, at += length);
  };
  const line = () => {
    const end = bytes.indexOf(0x0a, at);
    const text = new TextDecoder().decode(take((end < 0 ? bytes.length : end) - at));
    at++;
    return text;
  };
  const utf8 = (length: number) => new TextDecoder().decode(take(length));
  const pop = () => {
    if (stack.length === 0) throw new Refusal("a value is missing");
    return stack.pop();
  };
  const top = () => stack.at(-1);
  const several = (count: number) => Array.from({ length: count }, pop).reverse();
  const toMark = () => {
    const mark = stack.lastIndexOf(MARK);
    if (mark < 0) throw new Refusal("a mark is missing");
    return stack.splice(mark).slice(1);
  };
  const append = (members: readonly unknown[]) => {
    const list = top();
    if (!Array.isArray(list)) throw new Refusal("a list is missing");
    for (const member of members) list.push(member);
  };
  const set = (members: readonly unknown[]) => {
    const dictionary = top();
    if (!(dictionary instanceof Map)) throw new Refusal("a dictionary is missing");
    for (let i = 0; i + 1 < members.length; i += 2) {
      dictionary.set(textOf(members[i]), members[i + 1]);
    }
  };
  if (u8() !== 0x80 || u8() > 5) throw new Refusal("it begins otherwise");
  for (;;) {
    const operation = u8();
    switch (String.fromCharCode(operation)) {
      case ".":
        return pop();
      case "\x95": // How long a part is that can be read at once.
        u64();
        break;
      case "(":
        stack.push(MARK);
        break;
      case "}":
        stack.push(new Map());
        break;
      case "]":
      case ")":
        stack.push([]);
        break;
      case "N":
        stack.push(null);
        break;
      case "\x88":
      case "\x89":
        stack.push(operation === 0x88);
        break;
      case "K":
        stack.push(u8());
        break;
      case "M":
        stack.push(u16());
        break;
      case "J":
        stack.push(u32() | 0);
        break;
      case "U":
      case "C":
        stack.push(take(u8()));
        break;
      case "T":
      case "B":
        stack.push(take(u32()));
        break;
      case "\x8e":
      case "\x96":
        stack.push(take(u64()));
        break;
      case "\x8c":
        stack.push(utf8(u8()));
        break;
      case "X":
        stack.push(utf8(u32()));
        break;
      case "\x85":
      case "\x86":
      case "\x87":
        stack.push(several(operation - 0x84));
        break;
      case "t":
        stack.push(toMark());
        break;
      case "a":
        append([pop()]);
        break;
      case "e":
        append(toMark());
        break;
      case "s":
        set(several(2));
        break;
      case "u":
        set(toMark());
        break;
      case "q":
        memo.set(u8(), top());
        break;
      case "r":
        memo.set(u32(), top());
        break;
      case "\x94":
        memo.set(memo.size, top());
        break;
      case "h":
        stack.push(memo.get(u8()));
        break;
      case "j":
        stack.push(memo.get(u32()));
        break;
      case "c":
        stack.push(callable(line(), line()));
        break;
      case "\x93":
        stack.push(callable(...several(2).map(textOf)));
        break;
      case "R": {
        const [called, given] = several(2);
        const made = call(called, given);
        if (made instanceof Uint8Array && (encoded += made.length) > bytes.length) {
          throw new Refusal("it makes more bytes than it has");
        }
        stack.push(made);
        break;
      }
      case "b": {
        const [built, state] = several(2);
        stack.push(build(built, state));
        break;
      }
      default:
        throw new Refusal(`it holds the operation 0x${operation.toString(16)}`);
    }
  }
}

/** What may be called, by names that NumPy has had for it. */
const CALLS: Readonly<Record<string, (given: readonly unknown[]) => unknown>> = {
  "numpy.core.multiarray._reconstruct": () => new ByteArray(),
  "numpy._core.multiarray._reconstruct": () => new ByteArray(),
  "numpy.core.numeric._frombuffer": arrayOf,
  "numpy._core.numeric._frombuffer": arrayOf,
  "numpy.dtype": ([name]) => {
    if (textOf(name) === "u1") return new Bytes();
    throw new Refusal(`it holds an array of ${textOf(name)}`);
  },
  // How Python 3 writes bytes in protocol 2.
  "_codecs.encode": ([text, encoding]) => {
    if (typeof text !== "string" || textOf(encoding) !== "latin1") {
      throw new Refusal("it holds bytes in another encoding than latin1");
    }
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  },
};

/** What only has to be there, to be named. */
const NAMES = [...Object.keys(CALLS), "numpy.ndarray"];

function callable(module?: string, name?: string): Callable {
  const full = `${module}.${name}`;
  if (NAMES.includes(full)) return new Callable(full);
  throw new Refusal(`it wants to use ${full}`);
}

function call(called: unknown, given: unknown): unknown {
  const work = called instanceof Callable ? CALLS[called.name] : undefined;
  if (work && Array.isArray(given)) return work(given);
  throw new Refusal("it calls what cannot be called");
}

/** What something is with its state: of an array its version, shape, type, order and bytes. */
function build(built: unknown, state: unknown): unknown {
  // Bytes have no order, which is what the state of their type is about.
  if (built instanceof Bytes) return built;
  if (!(built instanceof ByteArray) || !Array.isArray(state)) {
    throw new Refusal("it builds something else than an array");
  }
  const [, shape, type, isByColumns, data] = state;
  const filled = arrayOf([data, type, shape, isByColumns ? "F" : "C"]);
  return Object.assign(built, filled);
}

function arrayOf([data, type, shape, order]: readonly unknown[]): ByteArray {
  if (
    !(data instanceof Uint8Array && type instanceof Bytes && Array.isArray(shape)) ||
    textOf(order) !== "C"
  ) {
    throw new Refusal("it holds an array that is not of bytes, row by row");
  }
  return Object.assign(new ByteArray(), { shape, data });
}
