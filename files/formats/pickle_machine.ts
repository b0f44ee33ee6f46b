/**
 * The machine that pickles are programs of: a stack of values, what was kept of them, and names of which a
 * vocabulary says what they stand for. `pickle.ts` has its operations.
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
 * What a pickle may build, in units of some 50 bytes of memory. A tensor and its place in a state dict
 * come to 130: enough for 16,000 of them.
 */
const MAX_COST = 2 ** 21;

/** What a text or a kept value costs beside its place, an entry of a dictionary, and what holds others. */
const COST = { text: 1, kept: 2, entry: 4, holder: 8 } as const;

/** The text of a value, of Python 2 too, where texts are bytes; undefined for another value. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof Uint8Array ? new TextDecoder("latin1").decode(value) : undefined;
}

/** The stack, the values that were kept, and where in the bytes the machine is. */
export class Machine {
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
    if (this.#cost > MAX_COST) throw new PickleError("it holds more values than a network needs");
    this.#stack.push(value);
  }

  mark(): void {
    this.push(MARK);
  }

  text(value: string): void {
    this.push(value, COST.text);
  }

  /** Puts on the stack what holds others. */
  hold(value: unknown): void {
    this.push(value, COST.holder);
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
      this.#cost += COST.entry;
      dictionary.set(textOf(members[i]) ?? members[i], members[i + 1]);
    }
  }

  remember(key: number): void {
    this.#cost += COST.kept;
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
