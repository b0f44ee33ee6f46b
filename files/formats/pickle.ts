/**
 * Python's pickles, protocols 0 to 5, as data. A pickle is a program for a machine with a stack that may
 * call anything; this machine builds plain values, and knows of names only what a vocabulary tells. It
 * calls no function of a file: what "calls" a name gets the value that the vocabulary has for that. What
 * is built is bounded by the bytes that are read and by {@link MOST_COST}.
 * https://docs.python.org/3/library/pickletools.html has the operations.
 */

/** What a name in a pickle stands for. */
export interface Named {
  /** What calling it gives; absent for what is only named. */
  call?(given: readonly unknown[]): unknown;
}

/** A value that a state may be given to after it was made. */
export interface Stateful {
  /** The value with a state. */
  withState(state: unknown): unknown;
}

/** What a pickle may hold beside plain values. */
export interface Vocabulary {
  /** What `module.name` stands for; undefined refuses the pickle. */
  named(name: string): Named | undefined;
  /** What stands for an object that is kept outside the pickle; absent: none may. */
  persistent?(id: unknown): unknown;
}

/** Why a pickle is not read. */
export class PickleError extends Error {
  /** `name` is what it wants to use that the vocabulary has not. */
  constructor(message: string, readonly unknown?: string) {
    super(message);
  }
}

/** A value of no interest: whatever is done to it, it stays so. */
export const OPAQUE: Stateful & Named = {
  withState: () => OPAQUE,
  call: () => OPAQUE,
};

/** Stands below the members of a value that is not put together yet. */
const MARK = Symbol("mark");

/**
 * What a pickle may build: each value counts one and each that holds others eight more, as memory goes:
 * less than 128 MiB. A checkpoint of a thousand layers with its optimizer comes to some 200,000.
 */
const MOST_COST = 2 ** 22;
const HOLDER_COST = 8;

/** Digits of a whole number, or its bytes: no counter has more. */
const MOST_DIGITS = 255;

/**
 * The value of the pickle at the beginning of some bytes: `null`, booleans, numbers, bigints beyond
 * them, texts, `Uint8Array` for bytes and for Python 2's texts, arrays for lists and tuples, `Map` for
 * dictionaries (keys that are texts of either kind as texts), {@link OPAQUE} for sets, and what the
 * vocabulary makes. `end` is where the pickle ends. Throws PickleError for one that is damaged, too
 * large, or wants anything else.
 */
export function unpickle(
  bytes: Uint8Array<ArrayBuffer>,
  vocabulary: Vocabulary,
): { value: unknown; end: number } {
  const machine = new Machine(bytes, vocabulary);
  try {
    return { value: machine.run(), end: machine.at };
  } catch (error) {
    if (error instanceof RangeError) throw new PickleError("it ends early");
    throw error;
  }
}

/** The text of a value, of Python 2 too, where texts are bytes; undefined for another value. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof Uint8Array ? new TextDecoder("latin1").decode(value) : undefined;
}

class Machine {
  at = 0;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  readonly #view: DataView;
  #cost = 0;

  constructor(
    private readonly bytes: Uint8Array<ArrayBuffer>,
    private readonly vocabulary: Vocabulary,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): unknown {
    for (;;) {
      const code = this.u8();
      if (code === STOP) return this.pop();
      const operation = OPERATIONS.get(code);
      if (!operation) throw new PickleError(`it holds the operation 0x${code.toString(16)}`);
      operation(this);
    }
  }

  u8 = () => this.#view.getUint8(this.at++);
  u16 = () => this.#view.getUint16((this.at += 2) - 2, true);
  u32 = () => this.#view.getUint32((this.at += 4) - 4, true);
  u64 = () => Number(this.#view.getBigUint64((this.at += 8) - 8, true));
  f64 = () => this.#view.getFloat64((this.at += 8) - 8);

  take(length: number): Uint8Array<ArrayBuffer> {
    if (length > this.bytes.length - this.at) throw new RangeError();
    return this.bytes.subarray(this.at, this.at += length);
  }

  utf8(length: number): string {
    return new TextDecoder().decode(this.take(length));
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw new RangeError();
    const text = this.utf8(end - this.at);
    this.at++;
    return text;
  }

  /** Puts a value on the stack; `cost` is what it takes beside its place there. */
  push(value: unknown, cost = 0): void {
    this.#cost += 1 + cost;
    if (this.#cost > MOST_COST) throw new PickleError("it holds more values than a network needs");
    this.#stack.push(value);
  }

  hold(value: unknown): void {
    this.push(value, HOLDER_COST);
  }

  pop(): unknown {
    if (this.#stack.length === 0) throw new PickleError("a value is missing");
    return this.#stack.pop();
  }

  top(): unknown {
    return this.#stack.at(-1);
  }

  several(count: number): unknown[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  toMark(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw new PickleError("a mark is missing");
    return this.#stack.splice(mark).slice(1);
  }

  append(members: readonly unknown[]): void {
    const list = this.top();
    if (list === OPAQUE) return;
    if (!Array.isArray(list)) throw new PickleError("a list is missing");
    for (const member of members) list.push(member);
  }

  set(members: readonly unknown[]): void {
    const dictionary = this.top();
    if (dictionary === OPAQUE) return;
    if (!(dictionary instanceof Map)) throw new PickleError("a dictionary is missing");
    if (members.length % 2 !== 0) throw new PickleError("a value is missing");
    for (let i = 0; i < members.length; i += 2) {
      this.#cost += HOLDER_COST;
      dictionary.set(textOf(members[i]) ?? members[i], members[i + 1]);
    }
  }

  remember(key: number): void {
    this.#cost += HOLDER_COST;
    this.#memo.set(key, this.top());
  }

  memorize(): void {
    this.remember(this.#memo.size);
  }

  recall(key: number): void {
    if (!this.#memo.has(key)) throw new PickleError("it takes up a value that was not kept");
    this.push(this.#memo.get(key));
  }

  named(module: unknown, name: unknown): Named {
    const full = `${textOf(module)}.${textOf(name)}`;
    const found = this.vocabulary.named(full);
    if (!found) throw new PickleError(`it wants to use ${full}`, full);
    return found;
  }

  call(called: unknown, given: unknown): void {
    if (!isNamed(called) || !called.call || !Array.isArray(given)) {
      throw new PickleError("it calls what cannot be called");
    }
    this.hold(called.call(given));
  }

  build(): void {
    const [built, state] = this.several(2);
    // A dictionary with attributes, as a state dict has versions, is one without.
    if (built instanceof Map) return this.push(built);
    if (!isStateful(built)) throw new PickleError("it builds what has no state");
    this.push(built.withState(state));
  }

  persistent(id: unknown): void {
    const { persistent } = this.vocabulary;
    if (!persistent) throw new PickleError("it holds something that is kept outside it");
    this.hold(persistent(id));
  }
}

function isNamed(value: unknown): value is Named {
  return typeof value === "object" && value !== null && "call" in value;
}

function isStateful(value: unknown): value is Stateful {
  return typeof value === "object" && value !== null && "withState" in value;
}

const STOP = 0x2e;

/** What each operation does, by its byte. */
const OPERATIONS: ReadonlyMap<number, (machine: Machine) => void> = new Map(
  Object.entries<(machine: Machine) => void>({
    "\x80": (m) => protocol(m.u8()),
    // How long a part is that can be read at once.
    "\x95": (m) => void m.u64(),
    "(": (m) => m.push(MARK),
    "0": (m) => void m.pop(),
    "1": (m) => void m.toMark(),
    "2": (m) => m.push(m.top()),
    // Values without parts.
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
    V: (m) => m.push(unescaped(m.line())),
    X: (m) => m.push(m.utf8(m.u32())),
    "\x8c": (m) => m.push(m.utf8(m.u8())),
    "\x8d": (m) => m.push(m.utf8(m.u64())),
    // Values that hold others.
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
    // What was there before.
    p: (m) => m.remember(Number(m.line())),
    q: (m) => m.remember(m.u8()),
    r: (m) => m.remember(m.u32()),
    "\x94": (m) => m.memorize(),
    g: (m) => m.recall(Number(m.line())),
    h: (m) => m.recall(m.u8()),
    j: (m) => m.recall(m.u32()),
    // What is named, called, given a state or kept elsewhere.
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
  if (version > 5) throw new PickleError(`its protocol is ${version}; known are 0 to 5`);
}

function wholeOrBoolean(digits: string): unknown {
  if (digits === "00" || digits === "01") return digits === "01";
  return whole(digits);
}

function whole(digits: string): number | bigint {
  if (digits.length > MOST_DIGITS || !/^-?\d+$/.test(digits)) {
    throw new PickleError("it holds a number that is none, or longer than any");
  }
  return numberOf(BigInt(digits));
}

/** A whole number of any length, two's complement, the lowest byte first. */
function signed(bytes: Uint8Array): number | bigint {
  if (bytes.length > MOST_DIGITS) throw new PickleError("it holds a number longer than any");
  const unsigned = bytes.reduceRight((sum, byte) => sum << 8n | BigInt(byte), 0n);
  return numberOf(BigInt.asIntN(8 * bytes.length, unsigned));
}

function numberOf(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** A text as Python 2 writes it out, in bytes. */
function unquoted(literal: string): Uint8Array {
  const inner = /^(['"])(.*)\1$/s.exec(literal)?.[2];
  if (inner === undefined) throw new PickleError("it holds a text without quotes");
  const text = inner.replaceAll(
    /\\(?:x([0-9a-f]{2})|(.))/gs,
    (_, byte, letter) => byte ? String.fromCharCode(parseInt(byte, 16)) : ESCAPES[letter] ?? letter,
  );
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** A text in which letters are spelled by their numbers. */
function unescaped(text: string): string {
  return text.replaceAll(
    /\\u([0-9a-f]{4})|\\U([0-9a-f]{8})/gi,
    (spelled, short, long) => {
      const point = parseInt(short ?? long, 16);
      return point <= 0x10ffff ? String.fromCodePoint(point) : spelled;
    },
  );
}
