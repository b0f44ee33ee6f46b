/**
 * Allocates registers. A virtual register lives from its first write to its last read, in code
 * order; one that is written before a loop and read in it lives to the loop's end. Those with the
 * most uses for their length are served first; those for which no register is free throughout their
 * life are spilled to the stack.
 */
import type { Instruction, VirtualRegister } from "./instructions.ts";
import { GENERAL } from "./x86/operands.ts";

/** Instructions and the loops among them, inner ones first. */
export interface LinearCode {
  readonly instructions: readonly Instruction[];
  readonly loops: readonly Loop[];
}

/** A repeated range: the first instruction and the one after the last. */
export interface Loop {
  readonly start: number;
  readonly end: number;
}

/** What a function needs besides its instructions. */
export interface Allocation {
  /** General registers that are written. */
  readonly written: readonly number[];
  /** Bytes on the stack, from `bottom` on. */
  readonly stackEnd: number;
}

/** General registers to allocate: all but those with a fixed use in `instructions.ts`. */
const GENERAL_REGISTERS: readonly number[] = [
  GENERAL.rsi,
  GENERAL.rdi,
  GENERAL.r8,
  GENERAL.r9,
  GENERAL.r10,
  GENERAL.r11,
  GENERAL.rbx,
  12,
  13,
  14,
];

/**
 * How much more a use in a loop counts than one outside it, up to a depth. Bench:
 * `bench/layers.ts`.
 */
const LOOP = { factor: 8, depth: 7 };

/**
 * Gives every virtual register of the code its number or stack slot.
 *
 * @param vectorRegisters How many vector registers may be allocated, from 0 on.
 * @param bottom Bytes at the stack pointer that are in use.
 */
export function allocate(code: LinearCode, vectorRegisters: number, bottom: number): Allocation {
  const values = measureLives(code);
  const calls = [...code.instructions.keys()].filter((i) => code.instructions[i].uses.calls)
    .map((i) => 2 * i);
  const general = GENERAL_REGISTERS.map(() => new Occupation());
  const vector = Array.from({ length: vectorRegisters }, () => new Occupation());
  const onStack: VirtualRegister[] = [];
  const priority = (value: VirtualRegister) => value.weight / (value.end - value.start + 2);
  for (const value of values.sort((a, b) => priority(b) - priority(a) || a.start - b.start)) {
    const isGeneral = value.kind === "general";
    const lost = !isGeneral && calls.some((call) => value.start < call && value.end > call);
    const files = isGeneral ? general : vector;
    const number = lost ? -1 : choose(files, value, isGeneral ? GENERAL_REGISTERS : undefined);
    if (number < 0) {
      onStack.push(value);
    } else {
      files[number].take(value);
      value.register = isGeneral ? GENERAL_REGISTERS[number] : number;
    }
  }
  return {
    written: GENERAL_REGISTERS.filter((_, i) => !general[i].empty),
    stackEnd: layOnStack(onStack, bottom),
  };
}

/** A free register, preferably the partner's. */
function choose(
  files: readonly Occupation[],
  value: VirtualRegister,
  numbers: readonly number[] | undefined,
): number {
  const wanted = value.partner?.register;
  if (wanted !== undefined && value.partner?.kind === value.kind) {
    const file = numbers ? numbers.indexOf(wanted) : wanted;
    if (files[file].isFree(value)) return file;
  }
  return files.findIndex((file) => file.isFree(value));
}

const NONE: readonly VirtualRegister[] = [];

/** Positions of every value's life, two per instruction: it reads at the even one, then writes. */
function measureLives({ instructions, loops }: LinearCode): VirtualRegister[] {
  const values: VirtualRegister[] = [];
  // Outer loops before inner ones with the same start.
  const starting = loops.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const open: Loop[] = [];
  let started = 0, weight = 1;
  const touch = (value: VirtualRegister, position: number) => {
    if (value.end < 0) values.push(value);
    value.start = Math.min(value.start, position);
    value.end = Math.max(value.end, position);
    value.weight += weight;
  };
  const read = (value: VirtualRegister, position: number) => {
    if (value.start > position) throw new Error("a register is read before it is written");
    touch(value, position);
    for (const { start, end } of open) {
      if (value.start >= 2 * start) continue;
      value.end = Math.max(value.end, 2 * end - 1);
      break;
    }
  };
  for (let i = 0; i < instructions.length; i++) {
    while (open.length > 0 && open[open.length - 1].end <= i) open.pop();
    while (started < starting.length && starting[started].start === i) {
      open.push(starting[started++]);
    }
    weight = LOOP.factor ** Math.min(open.length, LOOP.depth);
    const { uses: { reads = NONE, readsLate = NONE, temporaries = NONE }, result } =
      instructions[i];
    for (const value of reads) read(value, 2 * i);
    for (const value of readsLate) read(value, 2 * i + 1);
    for (const value of temporaries) {
      touch(value, 2 * i);
      touch(value, 2 * i + 1);
      // The instruction needs a register.
      value.weight = Infinity;
    }
    if (result) touch(result, 2 * i + 1);
  }
  return values;
}

/** Stack slots, shared by values of the same size that do not live at the same time. */
function layOnStack(values: readonly VirtualRegister[], bottom: number): number {
  let end = bottom;
  const slots = new Map<number, { readonly place: number; readonly lives: Occupation }[]>();
  for (const value of values.toSorted((a, b) => b.vectors - a.vectors)) {
    const bytes = value.kind === "general" ? 8 : 16 * value.vectors;
    const known = slots.get(bytes) ?? [];
    slots.set(bytes, known);
    let slot = known.find(({ lives }) => lives.isFree(value));
    if (!slot) {
      end = Math.ceil(end / bytes) * bytes;
      slot = { place: end, lives: new Occupation() };
      known.push(slot);
      end += bytes;
    }
    slot.lives.take(value);
    value.slot = slot.place;
  }
  return end;
}

/** The lives of the values that share a register, in order; none overlap. */
class Occupation {
  readonly #lives: VirtualRegister[] = [];

  get empty(): boolean {
    return this.#lives.length === 0;
  }

  isFree(life: VirtualRegister): boolean {
    const next = this.#lives[this.#firstEndingFrom(life.start)];
    return next === undefined || next.start > life.end;
  }

  take(life: VirtualRegister): void {
    this.#lives.splice(this.#firstEndingFrom(life.start), 0, life);
  }

  /** The index of the first life that ends at a position or later. */
  #firstEndingFrom(position: number): number {
    let low = 0, high = this.#lives.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#lives[middle].end < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
