/** Sums held in registers while a reduction runs over them: what all tiles have in common. */

import {
  type AnyFunction,
  f32x4,
  type Local,
  type Target,
  v128,
  type Vector,
} from "../assembler/mod.ts";
import { loadLanes, storeLanes } from "./lanes.ts";

/** The size of a tile: rows, and vectors of four floats a row. */
export interface TileSize {
  readonly rows: number;
  readonly vectors: number;
}

/** Rows of a full tile, whatever the target. */
export const TILE_ROWS = 4;

/** The largest tile whose sums and factors stay in registers. */
export function tileSize(target: Target): TileSize {
  return { rows: TILE_ROWS, vectors: 2 * target.wide };
}

/** The sums of a tile in one function; used for tiles of several sizes in turn. */
export class RegisterTile {
  /** The function the tile's code is written into. */
  protected readonly f: AnyFunction;
  /** By row and vector. */
  protected readonly sums: readonly (readonly Local<"v128">[])[];
  readonly #target: Target;

  /** @param largest the largest tile this function computes */
  constructor(f: AnyFunction, target: Target, largest: TileSize) {
    this.f = f;
    this.#target = target;
    this.sums = Array.from({ length: largest.rows }, () => this.vectors(largest.vectors));
  }

  /** Sets the sums to zero. */
  clear({ rows, vectors }: TileSize): void {
    this.#each(rows, vectors, (sum) => this.f.set(sum, f32x4.constant(0)));
  }

  /** Sets the sums of every row to the same floats. `lanes` counts those of the last vector. */
  loadRow({ rows, vectors }: TileSize, address: Local<"i32">, lanes = 4): void {
    const [first, ...others] = this.sums.slice(0, rows);
    first.slice(0, vectors).forEach((sum, j) => {
      this.f.set(sum, loadLanes(address, 16 * j, j < vectors - 1 ? 4 : lanes));
      for (const other of others) this.f.set(other[j], sum);
    });
  }

  /** Sets the sums from memory, rows `pitch` bytes apart. */
  load({ rows, vectors }: TileSize, address: Local<"i32">, pitch: number): void {
    this.#each(rows, vectors, (sum, i, j) => {
      this.f.set(sum, v128.load(address, i * pitch + 16 * j));
    });
  }

  /**
   * Replaces the sums by `max(sum, 0)`; NaN stays NaN.
   *
   * @param residual address of what is added before, rows `pitch` bytes apart
   */
  rectify({ rows, vectors }: TileSize, residual: Local<"i32"> | undefined, pitch: number): void {
    if (residual) {
      this.#each(rows, vectors, (sum, i, j) => {
        this.f.set(sum, f32x4.add(sum, v128.load(residual, i * pitch + 16 * j)));
      });
    }
    // pmax keeps its first operand unless that is less, so a NaN stays.
    this.#each(rows, vectors, (sum) => this.f.set(sum, f32x4.pmax(sum, f32x4.constant(0))));
  }

  /** Stores the sums, rows `pitch` bytes apart; of each row's last vector only `lanes` floats. */
  store({ rows, vectors }: TileSize, address: Local<"i32">, pitch: number, lanes = 4): void {
    this.#each(rows, vectors, (sum, i, j) => {
      this.f.emit(...storeLanes(address, sum, i * pitch + 16 * j, j < vectors - 1 ? 4 : lanes));
    });
  }

  /** New locals for vectors. */
  protected vectors(count: number): Local<"v128">[] {
    return Array.from({ length: count }, () => this.f.v128());
  }

  /** Adds to row `row`, vector by vector, the product of its factor and the vector at hand. */
  protected addProducts(
    row: number,
    vectors: number,
    factor: (vector: number) => Vector,
    others: readonly Vector[],
  ): void {
    this.sums[row].slice(0, vectors).forEach((sum, j) => {
      this.f.set(sum, multiplyAdd(this.#target, factor(j), others[j], sum));
    });
  }

  #each(
    rows: number,
    vectors: number,
    visit: (sum: Local<"v128">, row: number, vector: number) => void,
  ): void {
    this.sums.slice(0, rows).forEach((row, i) =>
      row.slice(0, vectors).forEach((sum, j) => visit(sum, i, j))
    );
  }
}

/** `a · b + c`, fused where the target has relaxed SIMD. */
function multiplyAdd(target: Target, a: Vector, b: Vector, c: Vector): Vector {
  return target.relaxedSimd ? f32x4.relaxedMadd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}
