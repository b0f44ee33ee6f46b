/** Transposition of small matrices in registers. */

import { type AnyFunction, f32x4, type Local, type Vector } from "../../../assembler/mod.ts";

/** Transposes matrices of 4 × 4 floats, one after the other, in the same locals. */
export class Transposition {
  readonly #halfway: readonly Local<"v128">[];

  /** @param f the function whose locals are used */
  constructor(private readonly f: AnyFunction) {
    this.#halfway = f.locals("v128", 4);
  }

  /** The columns of the matrix with these rows; they are to be used before the next matrix's. */
  columns([a, b, c, d]: readonly Local<"v128">[]): Vector[] {
    const [ab, abUpper, cd, cdUpper] = this.#halfway;
    this.f.set(ab, f32x4.shuffle(a, b, [0, 1, 4, 5]));
    this.f.set(abUpper, f32x4.shuffle(a, b, [2, 3, 6, 7]));
    this.f.set(cd, f32x4.shuffle(c, d, [0, 1, 4, 5]));
    this.f.set(cdUpper, f32x4.shuffle(c, d, [2, 3, 6, 7]));
    return [
      f32x4.shuffle(ab, cd, [0, 2, 4, 6]),
      f32x4.shuffle(ab, cd, [1, 3, 5, 7]),
      f32x4.shuffle(abUpper, cdUpper, [0, 2, 4, 6]),
      f32x4.shuffle(abUpper, cdUpper, [1, 3, 5, 7]),
    ];
  }
}
