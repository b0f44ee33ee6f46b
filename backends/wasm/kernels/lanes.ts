/** Access to fewer than four floats of a vector, for tensors whose rows end inside one. */

import { type Local, type Statement, v128, type Vector } from "../../../assembler/mod.ts";

/** Loads the first `lanes` (1 to 4) floats of a vector at base + offset; the others are zero. */
export function loadLanes(base: Local<"i32">, offset: number, lanes: number): Vector {
  switch (lanes) {
    case 1:
      return v128.load32Zero(base, offset);
    case 2:
      return v128.load64Zero(base, offset);
    case 3:
      return v128.load32Lane(base, v128.load64Zero(base, offset), 2, offset + 8);
    default:
      return v128.load(base, offset);
  }
}

/** Stores the first `lanes` (1 to 4) floats of a vector at base + offset. */
export function storeLanes(
  base: Local<"i32">,
  vector: Local<"v128">,
  offset: number,
  lanes: number,
): Statement[] {
  switch (lanes) {
    case 1:
      return [v128.store32Lane(base, vector, 0, offset)];
    case 2:
      return [v128.store64Lane(base, vector, 0, offset)];
    case 3:
      return [
        v128.store64Lane(base, vector, 0, offset),
        v128.store32Lane(base, vector, 2, offset + 8),
      ];
    default:
      return [v128.store(base, vector, offset)];
  }
}
