/**
 * The innermost loops of every convolution and matrix product: a tile of the result held in
 * registers while the reduction runs over it.
 *
 * A tile has a few rows of a few vectors. Its sums are added to in one of two ways:
 *
 * - {@link GemmTile.addRows}: each tile row is the inner product of a run of floats with a packed
 *   panel (forward convolution: rows are output pixels, runs are the taps under the kernel);
 * - {@link GemmTile.addOuterProducts}: each step adds a column times a row (weight gradient: steps
 *   are pixels).
 *
 * One factor of every product is a float spread over a vector. Memory instructions are expensive
 * where the engine checks bounds, so the plain form loads four such floats at once and spreads them
 * by lane shuffles; the wide forms have no such check and spread as they load.
 */

import {
  type AnyFunction,
  f32x4,
  type Local,
  type Operand,
  type Target,
  v128,
  type Vector,
} from "../../../assembler/mod.ts";
import { repeat } from "./loops.ts";
import { loadPiece, RegisterTile, RowLocals, type TileSize, tileSize } from "./register_tile.ts";

/**
 * Where the floats of a row's reduction are stored: `rows` × `columns` runs of `run` consecutive
 * floats. Steps are in bytes and constant.
 */
export interface ReductionWindow {
  readonly rows: number;
  readonly rowStep: number;
  readonly columns: number;
  readonly columnStep: number;
  readonly run: number;
  /** Leading floats of every four that count: the others are padding. Default 4. */
  readonly lanes?: number;
}

/** The steps of {@link GemmTile.addOuterProducts}: `rows` × `columns` of them; strides in bytes. */
export interface OuterSteps {
  /** How many rows of steps; at least one. */
  readonly rows: Operand<"i32">;
  readonly columns: number;
  /** From one step to the next. */
  readonly aStep: number;
  readonly bStep: number;
  /** From the first step of a row to that of the next. */
  readonly aRowStep: number;
  readonly bRowStep: number;
}

/** Unrolling of the loop over a row of outer products. Bench, next two too: `bench/layers.ts`. */
const OUTER_UNROLL = 4;
/** Maximum floats of a window that is fully unrolled. */
const UNROLLED_WINDOW = 48;
/** Unrolling of the loop over a run, the first of these that divides it. */
const RUN_UNROLLS = [16, 12, 8, 4];

/** A tile whose rows are products of matrices. */
export class GemmTile extends RegisterTile {
  /** Whether factors are spread as they are loaded. */
  readonly #loadsSpread: boolean;
  readonly #row = new RowLocals();
  readonly #factors: Local<"v128">[];
  readonly #spread: Local<"v128">;
  readonly #a: Local<"i32">;
  readonly #b: Local<"i32">;
  /** {@link ReductionWindow.lanes} of the current window. */
  #lanes = 4;

  /** @param largest the largest tile this function computes */
  constructor(f: AnyFunction, target: Target, largest: TileSize = tileSize(target)) {
    super(f, target, largest);
    this.#loadsSpread = target.wide > 1;
    this.#factors = this.#loadsSpread ? [] : Array.from({ length: largest.rows }, () => f.v128());
    this.#spread = f.v128();
    this.#a = f.i32();
    this.#b = f.i32();
  }

  /**
   * Adds to each row `i` the inner product of the window at `a + i · pitch` with the panel at `b`:
   * one row of `vectors` vectors for every float of the window, in order.
   */
  addRows(
    size: TileSize,
    a: Local<"i32">,
    pitch: number,
    window: ReductionWindow,
    b: Local<"i32">,
  ): void {
    const { rows, rowStep, columns, columnStep, run } = joined(window);
    const f = this.f;
    this.#lanes = window.lanes ?? 4;
    f.set(this.#a, a);
    f.set(this.#b, b);
    if (rows * columns * run <= UNROLLED_WINDOW) {
      for (let i = 0; i < rows * columns; i++) {
        const start = Math.floor(i / columns) * rowStep + i % columns * columnStep;
        this.#addFloats(size, pitch, run, start, i * run * 16 * size.vectors);
      }
      return;
    }
    repeat(f, rows, () => {
      repeat(f, columns, () => {
        const moved = this.#addRun(size, pitch, run);
        f.increment(this.#a, columns > 1 ? columnStep - moved : rows > 1 ? rowStep - moved : 0);
      });
      if (columns > 1 && rows > 1) f.increment(this.#a, rowStep - columns * columnStep);
    });
  }

  /** Adds, for every step, the column of `rows` floats at `a` times the row of vectors at `b`. */
  addOuterProducts(
    size: TileSize,
    a: Local<"i32">,
    b: Local<"i32">,
    steps: OuterSteps,
  ): void {
    const { rows, columns, aStep, bStep, aRowStep, bRowStep } = steps;
    const f = this.f;
    const loops = Math.floor(columns / OUTER_UNROLL);
    const looped = loops > 1 ? loops * OUTER_UNROLL : 0;
    f.set(this.#a, a);
    f.set(this.#b, b);
    repeat(f, rows, () => {
      if (looped > 0) {
        repeat(f, loops, () => {
          for (let u = 0; u < OUTER_UNROLL; u++) {
            this.#addOuterProduct(size, u * aStep, u * bStep);
          }
          f.increment(this.#a, OUTER_UNROLL * aStep);
          f.increment(this.#b, OUTER_UNROLL * bStep);
        });
      }
      for (let u = 0; u < columns - looped; u++) {
        this.#addOuterProduct(size, u * aStep, u * bStep);
      }
      f.increment(this.#a, aRowStep - looped * aStep);
      f.increment(this.#b, bRowStep - looped * bStep);
    });
  }

  /** Adds one run; returns by how many bytes the pointer into the run moved. */
  #addRun(size: TileSize, pitch: number, run: number): number {
    const f = this.f;
    const rowBytes = 16 * size.vectors;
    const unroll = RUN_UNROLLS.find((count) => (run - run % 4) % count === 0) ?? run;
    const loops = Math.floor(run / unroll);
    const looped = loops > 1 ? loops * unroll : 0;
    if (looped > 0) {
      repeat(f, loops, () => {
        this.#addFloats(size, pitch, unroll, 0, 0);
        f.increment(this.#a, 4 * unroll);
        f.increment(this.#b, unroll * rowBytes);
      });
    }
    this.#addFloats(size, pitch, run - looped, 0, 0);
    f.increment(this.#b, (run - looped) * rowBytes);
    return 4 * looped;
  }

  /** Adds `count` consecutive floats of every row, without a loop. */
  #addFloats(
    size: TileSize,
    pitch: number,
    count: number,
    aOffset: number,
    bOffset: number,
  ): void {
    const rowBytes = 16 * size.vectors;
    const fours = count - count % 4;
    for (let u = 0; u < fours; u += 4) {
      this.#addFour(size, pitch, aOffset + 4 * u, bOffset + u * rowBytes);
    }
    for (let u = fours; u < count; u++) {
      this.#loadPanelRow(size, bOffset + u * rowBytes);
      this.#addProducts(size, (i) => v128.load32Splat(this.#a, i * pitch + aOffset + 4 * u));
    }
  }

  /** Adds four consecutive floats of every row, except padding. */
  #addFour(size: TileSize, pitch: number, aOffset: number, bOffset: number): void {
    this.#factors.slice(0, size.rows).forEach((four, i) => {
      this.f.set(four, v128.load(this.#a, i * pitch + aOffset));
    });
    for (let lane = 0; lane < this.#lanes; lane++) {
      this.#loadPanelRow(size, bOffset + 16 * lane * size.vectors);
      this.#addProducts(
        size,
        (i) =>
          this.#loadsSpread
            ? v128.load32Splat(this.#a, i * pitch + aOffset + 4 * lane)
            : spreadLane(this.#factors[i], lane),
      );
    }
  }

  #addOuterProduct(size: TileSize, aOffset: number, bOffset: number): void {
    const [four] = this.#factors;
    const shuffled = this.#loadsSpread ? 0 : size.rows - size.rows % 4;
    this.#loadPieces(size, bOffset);
    this.#addProducts(size, (i) => {
      if (i >= shuffled) return v128.load32Splat(this.#a, aOffset + 4 * i);
      if (i % 4 === 0) this.f.set(four, v128.load(this.#a, aOffset + 4 * i));
      return spreadLane(four, i % 4);
    });
  }

  /** Loads a row of a panel, which is packed, so its last vector is whole. */
  #loadPanelRow(size: TileSize, start: number): void {
    for (const piece of this.pieces.of(size)) {
      const { wide, offset } = piece;
      wide.set(this.#row.at(piece), wide.load(this.#b, start + offset));
    }
  }

  /** Loads a row of a matrix that may not be packed. */
  #loadPieces(size: TileSize, start: number): void {
    for (const piece of this.pieces.of(size)) {
      piece.wide.set(this.#row.at(piece), loadPiece(piece, this.#b, start));
    }
  }

  /** Adds to every row the product of its factor and the current row of the other matrix. */
  #addProducts(size: TileSize, factor: (row: number) => Vector): void {
    for (let i = 0; i < size.rows; i++) {
      this.f.set(this.#spread, factor(i));
      this.addProducts(size, i, () => this.#spread, this.#row);
    }
  }
}

/** One lane of a vector in all lanes. */
function spreadLane(vector: Local<"v128">, lane: number): Vector {
  return f32x4.shuffle(vector, vector, [lane, lane, lane, lane]);
}

/** The same window with contiguous runs joined. */
function joined(window: ReductionWindow): ReductionWindow {
  let { rows, rowStep, columns, columnStep, run } = window;
  if (columns > 1 && columnStep === 4 * run) [run, columns] = [run * columns, 1];
  if (rows > 1 && columns === 1 && rowStep === 4 * run) [run, rows] = [run * rows, 1];
  if (rows > 1 && columns > 1 && rowStep === columns * columnStep) {
    [columns, rows] = [columns * rows, 1];
  }
  return { rows, rowStep, columns, columnStep, run };
}
