/** The calls by which a thread does its share of phases. */
import type { AddressMap } from "./addresses.ts";
import {
  atomic,
  call,
  type Callable,
  type FunctionBuilder,
  i32,
  type Local,
  type Operand,
  type ParameterTypes,
  select,
} from "./assembler/mod.ts";
import type { ChunkRef, ImageWalk } from "./chains.ts";
import type { Ref } from "./kernel.ts";
import type { ScheduledPhase } from "./schedule.ts";
import { type Share, shareOf } from "./shares.ts";
import { TAKEN_WORDS } from "./workers.ts";

/** A function of a program, or of one phase; its parameter is the thread's number. */
export type ProgramFunction = FunctionBuilder<{ readonly thread: "i32" }, "void">;

/** Writes the calls by which a thread does its share of the phases of a stage. */
export class PhaseCalls {
  readonly #f: ProgramFunction;
  readonly #kernelOf: (phase: ScheduledPhase) => Callable<ParameterTypes, "void">;
  readonly #addresses: AddressMap;
  readonly #threads: number;
  readonly #thread: Local<"i32"> | number;
  readonly #taken: number | undefined;

  /**
   * @param thread the thread's number, or the parameter that holds it in code for all threads
   * @param taken where the chunks that threads have taken of each chain are counted, if they take
   * one whenever they have finished the last; default: each has its share from the start
   */
  constructor(
    f: ProgramFunction,
    kernelOf: (phase: ScheduledPhase) => Callable<ParameterTypes, "void">,
    addresses: AddressMap,
    threads: number,
    thread: Local<"i32"> | number,
    taken?: number,
  ) {
    this.#f = f;
    this.#kernelOf = kernelOf;
    this.#addresses = addresses;
    this.#threads = threads;
    this.#thread = thread;
    this.#taken = taken;
  }

  /** Chains come last: no other phase of their stage needs what they compute. */
  emit(phases: readonly ScheduledPhase[]): void {
    for (const phase of phases) if (!phase.walk) this.#single(phase);
    const chains = Map.groupBy(
      phases.filter(({ walk }) => walk),
      ({ walk }) => walk!.count,
    );
    [...chains.values()].forEach((chain, i) => this.#chain(chain, chain[0].walk!, i));
  }

  #single(phase: ScheduledPhase): void {
    const thread = this.#thread;
    if (phase.items !== undefined) {
      const share = shareOf(thread, this.#threads, phase.items, phase.grain);
      return this.#call(phase, share, 1, 0);
    }
    const alone = () => this.#call(phase, { first: 0, end: 1 }, 1, 0);
    if (typeof thread !== "number") this.#f.if(i32.eqz(thread), alone);
    else if (thread === 0) alone();
  }

  /** All phases on a chunk of images, then on the next. */
  #chain(phases: readonly ScheduledPhase[], { count, chunk }: ImageWalk, index: number): void {
    const f = this.#f;
    const image = f.i32(), chunkEnd = f.i32(), last = f.i32(), opens = f.i32();
    const take = this.#taken === undefined || index >= TAKEN_WORDS
      ? undefined
      : i32.mul(atomic.add(this.#taken + 4 * index, 1), chunk);
    const { first, end } = take
      ? { first: take, end: count }
      : shareOf(this.#thread, this.#threads, count, 1);
    f.set(image, first);
    f.set(last, end);
    f.set(opens, 1);
    f.doWhile(() => {
      // A thread that comes too late for any chunk still opens its sums.
      if (take) f.set(image, select("i32", i32.ltU(image, last), image, last));
      f.set(chunkEnd, i32.add(image, chunk));
      f.set(chunkEnd, select("i32", i32.ltU(chunkEnd, last), chunkEnd, last));
      for (const phase of phases) {
        const each = (phase.items ?? count) / count;
        const share = { first: i32.mul(image, each), end: i32.mul(chunkEnd, each) };
        this.#call(phase, share, opens, image);
      }
      f.set(opens, 0);
      f.set(image, take ?? chunkEnd);
    }, i32.ltU(image, last));
  }

  #call(
    phase: ScheduledPhase,
    share: Share,
    opens: Operand<"i32">,
    image: Operand<"i32">,
  ): void {
    const { kernel, args } = phase;
    const values = args.map((arg) => typeof arg === "number" ? arg : this.#address(arg, image));
    const named = Object.fromEntries(kernel.parameters.map((name, i) => [name, values[i]]));
    const thread = this.#thread;
    this.#f.emit(call(this.#kernelOf(phase), { ...named, thread, ...share, opens }));
  }

  /** Where a place begins; that of a chunk, where it would if it held the images from 0 on. */
  #address(place: Ref | ChunkRef, image: Operand<"i32">): Operand<"i32"> {
    if (!("stride" in place)) return this.#addresses.address(place);
    const start = i32.add(this.#addresses.address(place.ref), i32.mul(this.#thread, place.stride));
    return i32.sub(start, i32.mul(image, place.imageBytes));
  }
}
