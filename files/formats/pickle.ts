/**
 * Python's pickles, protocols 0 to 5, as data. A pickle is a program for a stack machine that may call
 * anything; this machine builds only plain values and knows only the names in a vocabulary. It calls no
 * function: "calling" a name gives the value that the vocabulary defines. What is built is limited by the
 * bytes read and by a cost.
 * https://docs.python.org/3/library/pickletools.html lists the operations.
 */

import { Machine, OPAQUE, PickleError, type Vocabulary } from "./pickle_machine.ts";

export { type Named, OPAQUE, PickleError, textOf } from "./pickle_machine.ts";
export type { Stateful, Vocabulary } from "./pickle_machine.ts";

/** Most digits, or bytes, of an integer, which no counter exceeds. */
const MAX_DIGITS = 255;

/**
 * The value of the pickle at the start of some bytes: `null`, booleans, numbers, bigints beyond their
 * range, text, `Uint8Array` for bytes and Python 2's text, arrays for lists and tuples, `Map` for
 * dictionaries (text keys of either kind as text), {@link OPAQUE} for sets, and the vocabulary's values.
 * `end` is where the pickle ends. Throws PickleError if it is damaged, too large, or needs anything else.
 */
export function unpickle(
  bytes: Uint8Array<ArrayBuffer>,
  vocabulary: Vocabulary,
): { value: unknown; end: number } {
  const machine = new Machine(bytes, vocabulary);
  try {
    return { value: run(machine), end: machine.at };
  } catch (error) {
    if (error instanceof RangeError) throw new PickleError("it ends early");
    throw error;
  }
}

/** What remains of a machine at the end of its pickle. */
function run(machine: Machine): unknown {
  for (;;) {
    const code = machine.u8();
    if (code === STOP) return machine.pop();
    const operation = OPERATIONS.get(code);
    if (!operation) throw new PickleError(`it contains the operation 0x${code.toString(16)}`);
    operation(machine);
  }
}

const STOP = 0x2e;

/** The operations, by byte. */
const OPERATIONS: ReadonlyMap<number, (machine: Machine) => void> = new Map(
  Object.entries<(machine: Machine) => void>({
    "\x80": (m) => protocol(m.u8()),
    // Length of a frame.
    "\x95": (m) => void m.u64(),
    "(": (m) => m.mark(),
    "0": (m) => void m.pop(),
    "1": (m) => void m.toMark(),
    "2": (m) => m.push(m.top()),
    // Values without members.
    N: (m) => m.push(null),
    "\x88": (m) => m.push(true),
    "\x89": (m) => m.push(false),
    I: (m) => m.push(wholeOrBoolean(m.line())),
    J: (m) => m.push(m.u32() | 0),
    K: (m) => m.push(m.u8()),
    M: (m) => m.push(m.u16()),
    L: (m) => m.push(whole(m.line().replace(/L$/, ""))),
    "\x8a": (m) => m.push(signed(m.take(m.u8()))),
    "\x8b": (m) => m.push(signed(m.take(m.u32()))),
    F: (m) => m.push(Number(m.line())),
    G: (m) => m.push(m.f64()),
    S: (m) => m.hold(unquoted(m.line())),
    T: (m) => m.hold(m.take(m.u32())),
    U: (m) => m.hold(m.take(m.u8())),
    B: (m) => m.hold(m.take(m.u32())),
    C: (m) => m.hold(m.take(m.u8())),
    "\x8e": (m) => m.hold(m.take(m.u64())),
    "\x96": (m) => m.hold(m.take(m.u64())),
    V: (m) => m.text(unescaped(m.line())),
    X: (m) => m.text(m.utf8(m.u32())),
    "\x8c": (m) => m.text(m.utf8(m.u8())),
    "\x8d": (m) => m.text(m.utf8(m.u64())),
    // Containers.
    "]": (m) => m.hold([]),
    l: (m) => m.hold(m.toMark()),
    a: (m) => {
      const [member] = m.several(1);
      m.append([member]);
    },
    e: (m) => m.append(m.toMark()),
    ")": (m) => m.hold([]),
    t: (m) => m.hold(m.toMark()),
    "\x85": (m) => m.hold(m.several(1)),
    "\x86": (m) => m.hold(m.several(2)),
    "\x87": (m) => m.hold(m.several(3)),
    "}": (m) => m.hold(new Map()),
    d: (m) => {
      const members = m.toMark();
      m.hold(new Map());
      m.set(members);
    },
    s: (m) => m.set(m.several(2)),
    u: (m) => m.set(m.toMark()),
    "\x8f": (m) => m.push(OPAQUE),
    "\x90": (m) => m.append(m.toMark()),
    "\x91": (m) => {
      m.toMark();
      m.push(OPAQUE);
    },
    // Memo and stack.
    p: (m) => m.remember(Number(m.line())),
    q: (m) => m.remember(m.u8()),
    r: (m) => m.remember(m.u32()),
    "\x94": (m) => m.memorize(),
    g: (m) => m.recall(Number(m.line())),
    h: (m) => m.recall(m.u8()),
    j: (m) => m.recall(m.u32()),
    // Names, calls, states and external objects.
    c: (m) => m.push(m.named(m.line(), m.line())),
    "\x93": (m) => {
      const [module, name] = m.several(2);
      m.push(m.named(module, name));
    },
    R: call,
    "\x81": call,
    "\x92": (m) => {
      const [called, given] = m.several(3);
      m.call(called, given);
    },
    i: (m) => m.call(m.named(m.line(), m.line()), m.toMark()),
    o: (m) => {
      const [called, ...given] = m.toMark();
      m.call(called, given);
    },
    b: (m) => m.build(),
    P: (m) => m.persistent(m.line()),
    Q: (m) => m.persistent(m.pop()),
  }).map(([letter, operation]) => [letter.charCodeAt(0), operation]),
);

function call(machine: Machine): void {
  const [called, given] = machine.several(2);
  machine.call(called, given);
}

function protocol(version: number): void {
  if (version > 5) throw new PickleError(`its protocol is ${version}; supported: 0 to 5`);
}

function wholeOrBoolean(digits: string): unknown {
  if (digits === "00" || digits === "01") return digits === "01";
  return whole(digits);
}

function whole(digits: string): number | bigint {
  if (digits.length > MAX_DIGITS || !/^-?\d+$/.test(digits)) {
    throw new PickleError("it contains a malformed or overlong number");
  }
  return numberOf(BigInt(digits));
}

/** An integer of any length, two's complement, lowest byte first. */
function signed(bytes: Uint8Array): number | bigint {
  if (bytes.length > MAX_DIGITS) throw new PickleError("it contains an overlong number");
  const unsigned = bytes.reduceRight((sum, byte) => sum << 8n | BigInt(byte), 0n);
  return numberOf(BigInt.asIntN(8 * bytes.length, unsigned));
}

function numberOf(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Text as Python 2 writes it, in bytes. */
function unquoted(literal: string): Uint8Array {
  const inner = /^(['"])(.*)\1$/s.exec(literal)?.[2];
  if (inner === undefined) throw new PickleError("it contains text without quotes");
  const text = inner.replaceAll(
    /\\(?:x([0-9a-f]{2})|(.))/gs,
    (_, byte, letter) => byte ? String.fromCharCode(parseInt(byte, 16)) : ESCAPES[letter] ?? letter,
  );
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** Text with escaped characters. */
function unescaped(text: string): string {
  return text.replaceAll(
    /\\u([0-9a-f]{4})|\\U([0-9a-f]{8})/gi,
    (spelled, short, long) => {
      const point = parseInt(short ?? long, 16);
      return point <= 0x10ffff ? String.fromCodePoint(point) : spelled;
    },
  );
}
