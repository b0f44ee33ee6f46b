/** Loops of emitted code. */

import { type AnyFunction, i32, type Operand } from "../../../assembler/mod.ts";

/**
 * Writes `body` so that it runs `count` times: with no loop at all for a constant 0 or 1. A count
 * known only at run time must be at least one.
 */
export function repeat(f: AnyFunction, count: Operand<"i32">, body: () => void): void {
  if (count === 0) return;
  if (count === 1) return body();
  const left = f.i32();
  f.set(left, count);
  f.doWhile(() => {
    body();
    f.set(left, i32.sub(left, 1));
  }, left);
}
