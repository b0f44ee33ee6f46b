/**
 * The machine that runs pickles: a stack of values, a memo, and names whose meaning a vocabulary
 * defines. `pickle.ts` has its operations.
 */

/** The meaning of a name in a pickle. */
export interface Named {
  /** The result of calling it; absent if it is only named. */
  call?(given: readonly unknown[]): unknown;
}

/** A value whose state may be set after its construction. */
export interface Stateful {
  /** The value with a state. */
  withState(state: unknown): unknown;
}

/** What a pickle may contain besides plain values. */
export interface Vocabulary {
  /** The meaning of `module.name`; undefined refuses the pickle. */
  named(name: string): Named | undefined;
  /** The value of an object stored outside the pickle; absent: none allowed. */
  persistent?(id: unknown): unknown;
}

/** Why a pickle is refused. */
export class PickleError extends Error {
  /** `name` is the name that the vocabulary lacks. */
  constructor(message: string, readonly unknown?: string) {
    super(message);
  }
}

/** A value of no interest, which stays itself whatever is done to it. */
export const OPAQUE: Stateful & Named = {
  withState: () => OPAQUE,
  call: () => OPAQUE,
};

/** Marks where the members of an unfinished value start on the stack. */
const MARK = Symbol("mark");

/**
 * Limit on what a pickle may build, in units of about 50 bytes of memory. A tensor and its entry in a
 * state dict cost 130: enough for 16,000 of them.
 */
const MAX_COST = 2 ** 21;

/** Additional costs: of text and memo entries, of a dictionary's entry, and of a container. */
const COST = { text: 1, kept: 2, entry: 4, holder: 8 } as const;

/** The text of a value, including Python 2's, whose text is bytes; undefined for other values. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof Uint8Array ? new TextDecoder("latin1").decode(value) : undefined;
}

/** The stack, the memo, and the position in the bytes. */
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

  /** Pushes a value; `cost` is added to that of its place. */
  push(value: unknown, cost = 0): void {
    this.#cost += 1 + cost;
    if (this.#cost > MAX_COST) {
      throw new PickleError("it contains more values than a network needs");
    }
    this.#stack.push(value);
  }

  mark(): void {
    this.push(MARK);
  }

  text(value: string): void {
    this.push(value, COST.text);
  }

  /** Pushes a container. */
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
    if (!this.#memo.has(key)) throw new PickleError("it reads a memo entry that was never written");
    this.push(this.#memo.get(key));
  }

  named(module: unknown, name: unknown): Named {
    const full = `${textOf(module)}.${textOf(name)}`;
    const found = this.vocabulary.named(full);
    if (!found) throw new PickleError(`it uses ${full}`, full);
    return found;
  }

  call(called: unknown, given: unknown): void {
    if (!isNamed(called) || !called.call || !Array.isArray(given)) {
      throw new PickleError("it calls a value that is not callable");
    }
    this.hold(called.call(given));
  }

  build(): void {
    const [built, state] = this.several(2);
    // Attributes of a dictionary, such as a state dict's versions, are dropped.
    if (built instanceof Map) return this.push(built);
    if (!isStateful(built)) throw new PickleError("it sets the state of a value without state");
    this.push(built.withState(state));
  }

  persistent(id: unknown): void {
    const { persistent } = this.vocabulary;
    if (!persistent) throw new PickleError("it refers to an object outside it");
    this.hold(persistent(id));
  }
}

function isNamed(value: unknown): value is Named {
  return typeof value === "object" && value !== null && "call" in value;
}

function isStateful(value: unknown): value is Stateful {
  return typeof value === "object" && value !== null && "withState" in value;
}
