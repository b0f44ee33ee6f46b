/**
 * The one-dimensional transforms of Winograd's minimal filtering F(4, 3): four outputs of a 3-tap
 * filter from six inputs with six multiplications (Lavin and Gray, "Fast Algorithms for
 * Convolutional Neural Networks", 2016, interpolation points 0, ±1, ±2, ∞). A two-dimensional
 * transform applies one of these to columns, then to rows.
 */

import type { Local, Wide, WideLocal, WideOperand, WideVectors } from "../../../assembler/mod.ts";

/** Outputs of a tile along an axis. */
export const TILE = 4;
/** Inputs of a tile along an axis, and products. */
export const PATCH = 6;
/** Products of a two-dimensional tile. */
export const PRODUCTS = PATCH * PATCH;

/** Receives result `index` of a transform. */
type Sink = (index: number, value: WideOperand) => void;

/** The transforms of one function under construction, with the constants that they share. */
export class WinogradTransforms {
  readonly #first: WideLocal;
  readonly #second: WideLocal;
  readonly #constants = new Map<number, Local<"v128">>();

  /** @param constants those that the transforms to be written use, put into registers now */
  constructor(private readonly wide: WideVectors, constants: readonly number[]) {
    this.#first = wide.local();
    this.#second = wide.local();
    for (const value of constants) this.#constants.set(value, wide.splat(value));
  }

  /** Bᵀ: six inputs to six factors. Uses 2, 4, 5. */
  input(d: readonly WideLocal[], sink: Sink): void {
    const w = this.wide;
    const [four, five, two] = [4, 5, 2].map((value) => this.#constant(value));
    sink(0, w.madd(four, d[0], w.nmadd(five, d[2], d[4])));
    const even = this.#hold(this.#first, w.nmadd(four, d[2], d[4]));
    const odd = this.#hold(this.#second, w.nmadd(four, d[1], d[3]));
    sink(1, w.add(even, odd));
    sink(2, w.sub(even, odd));
    this.#hold(this.#first, w.sub(d[4], d[2]));
    this.#hold(this.#second, w.sub(d[3], d[1]));
    sink(3, w.madd(two, odd, even));
    sink(4, w.nmadd(two, odd, even));
    sink(5, w.madd(four, d[1], w.nmadd(five, d[3], d[5])));
  }

  /** Aᵀ: six products to four outputs. Uses 2, 4, 8. Overwrites the products. */
  output(m: readonly WideLocal[], sink: Sink): void {
    const w = this.wide;
    const [two, four, eight] = [2, 4, 8].map((value) => this.#constant(value));
    const sum = this.#hold(this.#first, w.add(m[1], m[2]));
    const difference = this.#hold(m[1], w.sub(m[1], m[2]));
    const farSum = this.#hold(this.#second, w.add(m[3], m[4]));
    const farDifference = this.#hold(m[3], w.sub(m[3], m[4]));
    sink(0, w.add(w.add(m[0], sum), farSum));
    sink(1, w.madd(two, farDifference, difference));
    sink(2, w.madd(four, farSum, sum));
    sink(3, w.add(w.madd(eight, farDifference, difference), m[5]));
  }

  /** A: four output gradients to six factors. Uses 2, 4. */
  gradient(d: readonly WideLocal[], sink: Sink): void {
    const w = this.wide;
    const [two, four] = [2, 4].map((value) => this.#constant(value));
    sink(0, d[0]);
    const even = this.#hold(this.#first, w.add(d[0], d[2]));
    const odd = this.#hold(this.#second, w.add(d[1], d[3]));
    sink(1, w.add(even, odd));
    sink(2, w.sub(even, odd));
    this.#hold(this.#first, w.madd(four, d[2], d[0]));
    this.#hold(this.#second, w.madd(four, d[3], d[1]));
    sink(3, w.madd(two, odd, even));
    sink(4, w.nmadd(two, odd, even));
    sink(5, d[3]);
  }

  /** G: three weights to six factors. Uses 1/4, 1/6, 1/24, 1/12. */
  weight(g: readonly WideLocal[], sink: Sink): void {
    const w = this.wide;
    const [quarter, sixth, twentyFourth, twelfth] = [1 / 4, 1 / 6, 1 / 24, 1 / 12]
      .map((value) => this.#constant(value));
    sink(0, w.mul(quarter, g[0]));
    const outer = this.#hold(this.#first, w.mul(sixth, w.add(g[0], g[2])));
    const middle = this.#hold(this.#second, w.mul(sixth, g[1]));
    sink(1, w.neg(w.add(outer, middle)));
    sink(2, w.sub(middle, outer));
    this.#hold(this.#first, w.madd(twentyFourth, g[0], w.mul(sixth, g[2])));
    this.#hold(this.#second, w.mul(twelfth, g[1]));
    sink(3, w.add(outer, middle));
    sink(4, w.sub(outer, middle));
    sink(5, g[2]);
  }

  /** Gᵀ: six gradients to three weight gradients. Uses 1/4, 1/6, 1/24, 1/12. */
  weightGradient(u: readonly WideLocal[], sink: Sink): void {
    const w = this.wide;
    const [quarter, sixth, twentyFourth, twelfth] = [1 / 4, 1 / 6, 1 / 24, 1 / 12]
      .map((value) => this.#constant(value));
    const near = this.#hold(this.#first, w.mul(sixth, w.add(u[1], u[2])));
    const far = this.#hold(this.#second, w.add(u[3], u[4]));
    sink(0, w.sub(w.madd(quarter, u[0], w.mul(twentyFourth, far)), near));
    sink(1, w.madd(twelfth, w.sub(u[3], u[4]), w.mul(sixth, w.sub(u[2], u[1]))));
    sink(2, w.sub(w.madd(sixth, far, u[5]), near));
  }

  #hold(local: WideLocal, value: Wide): WideLocal {
    this.wide.set(local, value);
    return local;
  }

  #constant(value: number): Local<"v128"> {
    const local = this.#constants.get(value);
    if (!local) throw new Error(`the transform needs the constant ${value}`);
    return local;
  }
}
