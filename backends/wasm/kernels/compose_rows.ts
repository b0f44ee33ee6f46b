/** The code that composing a kernel and its gradients share: rows in memory order. */

import type { ComposeKernelGeometry } from "../../../ops/compose_kernel.ts";
import { i32, type Local, select } from "../../../assembler/mod.ts";
import type { KernelFunction } from "../kernel.ts";

/**
 * Rows of a kernel, of `W` or of their gradients: each block has `outer` times those of its `inner`
 * channels, which are adjacent.
 */
export interface Rows {
  readonly blocks: number;
  readonly outer: number;
  readonly inner: number;
}

/** The rows of a composition; channel `j` of block `b` is channel `b · inner + j` of `D`. */
export function rowsOf(
  { pairing, groups, groupIn, inChannels, outChannels }: ComposeKernelGeometry,
): Rows {
  const outer = outChannels / groups;
  // Blocks with one row per channel are equivalent to one block.
  return pairing === "authors" || outer === 1
    ? { blocks: 1, outer, inner: inChannels }
    : { blocks: groups, outer, inner: groupIn };
}

/** Floating-point operations of a composition, and of each of its gradients. */
export function compositionFlops(
  { outChannels, groupIn, area, depthMultiplier }: ComposeKernelGeometry,
): number {
  return 2 * outChannels * groupIn * area * depthMultiplier;
}

/** A stretch of items that are parts of one line. */
export interface Stretch {
  /** Its first item, the line's number and the item's place in the line. */
  readonly item: Local<"i32">;
  readonly line: Local<"i32">;
  readonly place: Local<"i32">;
  /** How many items, at least one. */
  readonly count: Local<"i32">;
}

/** Writes a loop over a share of items in lines of `length`, a stretch at a time. */
export function forEachStretch(
  f: KernelFunction<string>,
  length: number,
  body: (stretch: Stretch) => void,
): void {
  const { first, end } = f.parameters;
  const item = f.i32(), line = f.i32(), place = f.i32(), count = f.i32(), left = f.i32();
  f.set(item, first);
  f.while(i32.ltU(item, end), () => {
    f.set(line, i32.divU(item, length));
    f.set(place, i32.sub(item, i32.mul(line, length)));
    f.set(count, i32.sub(length, place));
    f.set(left, i32.sub(end, item));
    f.set(count, select("i32", i32.ltU(count, left), count, left));
    body({ item, line, place, count });
    f.increment(item, count);
  });
}
