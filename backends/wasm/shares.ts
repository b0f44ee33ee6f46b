/** Shares, known as work partition: the contiguous range of a launch's items that a thread computes. */

import { i32, type Local, type Operand, select } from "../../assembler/mod.ts";

/** A range of items: `first` to before `end`. */
export interface Share {
  readonly first: Operand<"i32">;
  readonly end: Operand<"i32">;
}

/** Maximum ratio of the largest share to the average one. Bench: `bench/layers.ts --threads 3`. */
const MAX_IMBALANCE = 1.1;

/** Whether threads can have whole items without one having far more than another. */
export function isBalanced(count: number, threads: number): boolean {
  return Math.ceil(count / threads) * threads <= MAX_IMBALANCE * count;
}

/**
 * A thread's share of `count` items: contiguous, as equal as possible, the same in every run.
 * Shares begin at multiples of `grain` and may be empty.
 */
export function shareOf(
  thread: Local<"i32"> | number,
  threads: number,
  count: number,
  grain: number,
): Share {
  const groups = Math.ceil(count / grain);
  const each = Math.floor(groups / threads), extra = groups % threads;
  if (typeof thread === "number" || threads === 1) {
    const number = typeof thread === "number" ? thread : 0;
    const before = (t: number) => Math.min(count, grain * (t * each + Math.min(t, extra)));
    return { first: before(number), end: before(number + 1) };
  }
  const before = (t: Operand<"i32">): Operand<"i32"> => {
    const smaller = extra === 0 ? 0 : select("i32", i32.ltU(t, extra), t, extra);
    const start = i32.mul(i32.add(i32.mul(t, each), smaller), grain);
    return groups * grain === count ? start : select("i32", i32.ltU(start, count), start, count);
  };
  return { first: before(thread), end: before(i32.add(thread, 1)) };
}
