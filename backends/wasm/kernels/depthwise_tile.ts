/**
 * The innermost loops of depthwise convolutions. Channels do not mix, so a vector of channels is
 * multiplied with a vector of the kernel, lane by lane.
 */

import type { AnyFunction, Local, Target } from "../../../assembler/mod.ts";
import type { ReductionWindow } from "./gemm_tile.ts";
import { repeat } from "./loops.ts";
import { RegisterTile, RowLocals, type TileSize, tileSize } from "./register_tile.ts";

/** Unrolling of the loop over a row's pixels. Bench: `bench/layers.ts --only depthwise`. */
const PIXEL_UNROLL = 4;

/** A tile whose rows are pixels, or taps, by a few vectors of channels. */
export class DepthwiseTile extends RegisterTile {
  readonly #shared = new RowLocals();
  readonly #other = new RowLocals();
  readonly #a: Local<"i32">;
  readonly #b: Local<"i32">;

  constructor(f: AnyFunction, target: Target) {
    super(f, target, tileSize(target));
    this.#a = f.i32();
    this.#b = f.i32();
  }

  /**
   * Adds to each pixel `i` the taps of the window at `a + i · pitch`, each times its row of the panel
   * at `b`.
   */
  addRows(
    size: TileSize,
    a: Local<"i32">,
    pitch: number,
    window: ReductionWindow,
    b: Local<"i32">,
  ): void {
    const { f } = this;
    const rowBytes = 16 * size.vectors;
    f.set(this.#a, a);
    f.set(this.#b, b);
    repeat(f, window.columns > 0 ? window.rows : 0, () => {
      for (let tap = 0; tap < window.columns; tap++) {
        this.#loadAll(size, this.#shared, this.#b, rowBytes * tap);
        for (let i = 0; i < size.rows; i++) {
          this.#loadAll(size, this.#other, this.#a, i * pitch + tap * window.columnStep);
          this.addProducts(size, i, (piece) => this.#shared.at(piece), this.#other);
        }
      }
      f.increment(this.#a, window.rowStep);
      f.increment(this.#b, rowBytes * window.columns);
    });
  }

  /**
   * Adds to each tap `i`, over a row of `pixels`, the product of the pixel of the source that the tap
   * meets, at `a + i · tapStep`, and that of the output gradient at `b`.
   */
  addPixels(
    size: TileSize,
    a: Local<"i32">,
    b: Local<"i32">,
    pixels: number,
    { tapStep, aStep, bStep }: { tapStep: number; aStep: number; bStep: number },
  ): void {
    const { f } = this;
    const add = (count: number) => {
      for (let pixel = 0; pixel < count; pixel++) {
        this.#loadAll(size, this.#shared, this.#b, pixel * bStep);
        for (let i = 0; i < size.rows; i++) {
          this.#loadAll(size, this.#other, this.#a, pixel * aStep + i * tapStep);
          this.addProducts(size, i, (piece) => this.#shared.at(piece), this.#other);
        }
      }
      f.increment(this.#a, count * aStep);
      f.increment(this.#b, count * bStep);
    };
    f.set(this.#a, a);
    f.set(this.#b, b);
    repeat(f, Math.floor(pixels / PIXEL_UNROLL), () => add(PIXEL_UNROLL));
    add(pixels % PIXEL_UNROLL);
  }

  #loadAll(size: TileSize, into: RowLocals, address: Local<"i32">, start: number): void {
    for (const piece of this.pieces.of(size)) {
      const { wide, offset } = piece;
      wide.set(into.at(piece), wide.load(address, start + offset));
    }
  }
}
