/**
 * The innermost loops of depthwise convolutions. Channels do not mix, so a vector of channels is
 * multiplied with a vector of the kernel, lane by lane.
 */

import { type AnyFunction, type Local, type Target, v128 } from "../assembler/mod.ts";
import type { ReductionWindow } from "./gemm_tile.ts";
import { repeat } from "./loops.ts";
import { RegisterTile, TILE_ROWS, type TileSize, tileSize } from "./register_tile.ts";

/** A tile whose rows are pixels, or taps, by a few vectors of channels. */
export class DepthwiseTile extends RegisterTile {
  readonly #shared: Local<"v128">[];
  readonly #other: Local<"v128">[];
  readonly #a: Local<"i32">;
  readonly #b: Local<"i32">;

  constructor(f: AnyFunction, target: Target) {
    const size = tileSize(target);
    super(f, target, size);
    this.#shared = this.vectors(size.vectors);
    this.#other = this.vectors(size.vectors);
    this.#a = f.i32();
    this.#b = f.i32();
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
    const { f } = this;
    f.set(this.#a, a);
    f.set(this.#b, b);
    repeat(f, window.columns > 0 ? window.rows : 0, () => {
      for (let tap = 0; tap < window.columns; tap++) {
        this.#loadAll(this.#shared, vectors, this.#b, 16 * vectors * tap);
        for (let i = 0; i < rows; i++) {
          this.#loadAll(this.#other, vectors, this.#a, i * pitch + tap * window.columnStep);
          this.addProducts(i, vectors, (j) => this.#shared[j], this.#other);
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
    const { f } = this;
    const add = (count: number) => {
      for (let pixel = 0; pixel < count; pixel++) {
        this.#loadAll(this.#shared, vectors, this.#b, pixel * bStep);
        for (let i = 0; i < rows; i++) {
          this.#loadAll(this.#other, vectors, this.#a, pixel * aStep + i * tapStep);
          this.addProducts(i, vectors, (j) => this.#shared[j], this.#other);
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
      this.f.set(vector, v128.load(address, offset + 16 * j));
    });
  }
}
