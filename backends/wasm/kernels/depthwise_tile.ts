/**
 * The innermost loops of depthwise convolutions. Channels do not mix, so a vector of channels is
 * multiplied with a vector of the kernel, lane by lane.
 */

import { f32x4, type Local, type Target, v128 } from "../assembler/mod.ts";
import {
  multiplyAdd,
  type ReductionWindow,
  TILE_ROWS,
  type TileSize,
  tileSize,
} from "./gemm_tile.ts";
import { loadLanes } from "./lanes.ts";
import { type AnyFunction, repeat } from "./loops.ts";

/** Sums of a few pixels, or taps, by a few vectors of channels, held in registers. */
export class DepthwiseTile {
  readonly #f: AnyFunction;
  readonly #target: Target;
  readonly #sums: Local<"v128">[][];
  readonly #shared: Local<"v128">[];
  readonly #other: Local<"v128">[];
  readonly #a: Local<"i32">;
  readonly #b: Local<"i32">;

  constructor(f: AnyFunction, target: Target) {
    const { rows, vectors } = tileSize(target);
    const locals = () => Array.from({ length: vectors }, () => f.v128());
    this.#f = f;
    this.#target = target;
    this.#sums = Array.from({ length: rows }, locals);
    this.#shared = locals();
    this.#other = locals();
    this.#a = f.i32();
    this.#b = f.i32();
  }

  /** Sets the sums to zero. */
  clear({ rows, vectors }: TileSize): void {
    this.#each(rows, vectors, (sum) => this.#f.set(sum, f32x4.constant(0)));
  }

  /** Sets the sums of every pixel to the same floats. `lanes` counts those of the last vector. */
  loadRow({ rows, vectors }: TileSize, address: Local<"i32">, lanes = 4): void {
    const [first, ...others] = this.#sums.slice(0, rows);
    first.slice(0, vectors).forEach((sum, j) => {
      this.#f.set(sum, loadLanes(address, 16 * j, j < vectors - 1 ? 4 : lanes));
      for (const other of others) this.#f.set(other[j], sum);
    });
  }

  /** Sets the sums from memory, rows `pitch` bytes apart. */
  load({ rows, vectors }: TileSize, address: Local<"i32">, pitch: number): void {
    this.#each(rows, vectors, (sum, i, j) => {
      this.#f.set(sum, v128.load(address, i * pitch + 16 * j));
    });
  }

  /** Stores the sums, rows `pitch` bytes apart. */
  store({ rows, vectors }: TileSize, address: Local<"i32">, pitch: number): void {
    this.#each(rows, vectors, (sum, i, j) => {
      this.#f.emit(v128.store(address, sum, i * pitch + 16 * j));
    });
  }

  /**
   * Adds to each pixel `i` the taps of the window at `a + i · pitch`, each times its row of the panel
   * at `b`.
   */
  addRows(
    { rows, vectors }: TileSize,
    a: Local<"i32">,
    pitch: number,
    window: ReductionWindow,
    b: Local<"i32">,
  ): void {
    const f = this.#f;
    f.set(this.#a, a);
    f.set(this.#b, b);
    repeat(f, window.columns > 0 ? window.rows : 0, () => {
      for (let tap = 0; tap < window.columns; tap++) {
        this.#loadAll(this.#shared, vectors, this.#b, 16 * vectors * tap);
        for (let i = 0; i < rows; i++) {
          this.#loadAll(this.#other, vectors, this.#a, i * pitch + tap * window.columnStep);
          this.#addProducts(i, vectors);
        }
      }
      f.increment(this.#a, window.rowStep);
      f.increment(this.#b, 16 * vectors * window.columns);
    });
  }

  /**
   * Adds to each tap `i`, over a row of `pixels`, the product of the pixel of the source that the tap
   * meets, at `a + i · tapStep`, and that of the output gradient at `b`.
   */
  addPixels(
    { rows, vectors }: TileSize,
    a: Local<"i32">,
    b: Local<"i32">,
    pixels: number,
    { tapStep, aStep, bStep }: { tapStep: number; aStep: number; bStep: number },
  ): void {
    const f = this.#f;
    const add = (count: number) => {
      for (let pixel = 0; pixel < count; pixel++) {
        this.#loadAll(this.#shared, vectors, this.#b, pixel * bStep);
        for (let i = 0; i < rows; i++) {
          this.#loadAll(this.#other, vectors, this.#a, pixel * aStep + i * tapStep);
          this.#addProducts(i, vectors);
        }
      }
      f.increment(this.#a, count * aStep);
      f.increment(this.#b, count * bStep);
    };
    f.set(this.#a, a);
    f.set(this.#b, b);
    repeat(f, Math.floor(pixels / TILE_ROWS), () => add(TILE_ROWS));
    add(pixels % TILE_ROWS);
  }

  #loadAll(
    into: readonly Local<"v128">[],
    vectors: number,
    address: Local<"i32">,
    offset: number,
  ): void {
    into.slice(0, vectors).forEach((vector, j) => {
      this.#f.set(vector, v128.load(address, offset + 16 * j));
    });
  }

  #addProducts(row: number, vectors: number): void {
    this.#sums[row].slice(0, vectors).forEach((sum, j) => {
      this.#f.set(sum, multiplyAdd(this.#target, this.#shared[j], this.#other[j], sum));
    });
  }

  #each(
    rows: number,
    vectors: number,
    visit: (sum: Local<"v128">, row: number, vector: number) => void,
  ): void {
    this.#sums.slice(0, rows).forEach((row, i) =>
      row.slice(0, vectors).forEach((sum, j) => visit(sum, i, j))
    );
  }
}
