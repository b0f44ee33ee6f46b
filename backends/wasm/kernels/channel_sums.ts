/** The first launch of a channel reduction: each thread's sums over its pixels. */

import {
  f32,
  f32x4,
  f64,
  f64x2,
  i32,
  type Local,
  memory,
  type Target,
  v128,
  type WideLocal,
  type WideVectors,
  widths,
} from "../../../assembler/mod.ts";
import type { KernelFunction } from "../kernel.ts";
import type { ChannelReduction, ReductionShape } from "./channel_reduction_parts.ts";

/** Pixels whose mean serves as a thread's shift. */
const SHIFT_SAMPLES = 16;
/**
 * Unrolling of the innermost loop. Bench: `deno task kernel channelMoments --shape 64x64x32x32`.
 */
const UNROLL = 4;

/** Writes the launch in which each thread adds its pixels to its sums. */
export class ThreadSums {
  readonly #pixel: Local<"i32">;
  /** Byte of the block's first channel in a pixel. */
  readonly #offset: Local<"i32">;
  readonly #cursors: readonly Local<"i32">[];

  constructor(
    private readonly f: KernelFunction<string>,
    private readonly target: Target,
    private readonly reduction: ChannelReduction,
    private readonly shape: ReductionShape,
    stride: number,
  ) {
    const { scratch, thread } = f.parameters;
    f.increment(scratch, i32.mul(thread, stride));
    this.#pixel = f.i32();
    this.#offset = f.i32();
    this.#cursors = Array.from({ length: reduction.streams }, () => f.i32());
  }

  write(): void {
    const f = this.f;
    const { chunk, lanes, scratchBytes } = this.shape;
    const { sums, shift } = this.reduction;
    const { scratch, first, end, isFirstCall } = f.parameters;
    f.if(isFirstCall, () => {
      f.emit(memory.fill(scratch, 0, scratchBytes));
      if (shift === "estimate") this.#estimateShift();
    });
    if (shift === "estimate") this.#countPixels();

    const forms = widths(f, this.target);
    const [wide] = forms;
    const perBlock = sums === 1 ? 8 : 4;
    const blockLanes = perBlock * wide.lanes;
    const wholeBlocks = Math.floor(lanes / blockLanes);
    const chunkStart = f.i32(), chunkEnd = f.i32();
    f.loop(chunkStart, first, end, chunk, () => {
      f.set(chunkEnd, i32.add(chunkStart, chunk));
      f.if(i32.gtU(chunkEnd, end), () => f.set(chunkEnd, end));
      f.loop(this.#offset, 0, 4 * blockLanes * wholeBlocks, 4 * blockLanes, () => {
        this.#block(wide, perBlock, chunkStart, chunkEnd);
      });
      f.set(this.#offset, 4 * blockLanes * wholeBlocks);
      let rest = lanes - wholeBlocks * blockLanes;
      for (const v of forms) {
        const count = Math.floor(rest / v.lanes);
        if (count === 0) continue;
        this.#block(v, count, chunkStart, chunkEnd);
        f.increment(this.#offset, count * v.bytes);
        rest -= count * v.lanes;
      }
    });
  }

  /** Sums `count` vectors of channels, from `#offset` on, over a chunk of pixels. */
  #block(v: WideVectors, count: number, from: Local<"i32">, to: Local<"i32">): void {
    const f = this.f;
    const { pixelBytes, sumBytes } = this.shape;
    const { sums, streams, shift } = this.reduction;
    const indices = Array.from({ length: count }, (_, i) => i);
    const totals = indices.map(() => v.locals(sums));
    const shifts = shift === "none" ? [] : v.locals(count);
    const values = v.locals(streams);
    for (const total of totals.flat()) v.set(total, v.zero());
    if (shift !== "none") {
      const source = f.i32();
      const base = shift === "estimate"
        ? i32.add(f.parameters.scratch, sumBytes)
        : f.parameters[`x${shift}`];
      f.set(source, i32.add(base, this.#offset));
      shifts.forEach((local, i) => v.set(local, v.load(source, i * v.bytes)));
    }
    this.#cursors.forEach((cursor, i) => {
      const place = i32.add(i32.mul(from, pixelBytes), this.#offset);
      f.set(cursor, i32.add(f.parameters[`x${i}`], place));
    });
    const pixels = (step: number, to: Local<"i32">) =>
      f.loop(this.#pixel, this.#pixel, to, step, () => {
        for (let i = 0; i < step; i++) {
          for (const k of indices) {
            this.#cursors.forEach((cursor, s) =>
              v.set(values[s], v.load(cursor, i * pixelBytes + k * v.bytes))
            );
            this.reduction.terms(v, values, shifts[k])
              .forEach((term, s) => v.set(totals[k][s], v.add(totals[k][s], term)));
          }
        }
        for (const cursor of this.#cursors) f.increment(cursor, step * pixelBytes);
      });
    const whole = f.i32();
    f.set(whole, i32.sub(to, i32.remU(i32.sub(to, from), UNROLL)));
    f.set(this.#pixel, from);
    pixels(UNROLL, whole);
    pixels(1, to);
    totals.forEach((locals, k) => locals.forEach((total, s) => this.#flush(total, k, s)));
  }

  /** Adds the f32 sums of vector `k` of the block to the f64 sums numbered `s`. */
  #flush(total: WideLocal, k: number, s: number): void {
    const f = this.f;
    const place = f.i32();
    const start = 8 * this.shape.lanes * s;
    f.set(place, i32.add(f.parameters.scratch, i32.mul(this.#offset, 2)));
    total.halves.forEach((half, h) => {
      const upper = f32x4.shuffle(half, half, [2, 3, 2, 3]);
      [half, upper].forEach((pair, j) => {
        const offset = start + 8 * (4 * (k * total.halves.length + h) + 2 * j);
        const sum = f64x2.add(v128.load(place, offset), f64x2.promoteLowF32x4(pair));
        f.emit(v128.store(place, sum, offset));
      });
    });
  }

  /** Stores the mean of a few of the thread's pixels after the sums. */
  #estimateShift(): void {
    const f = this.f;
    const { lanes, pixelBytes, sumBytes } = this.shape;
    const { x0, scratch, first, end } = f.parameters;
    const source = f.i32(), total = f.v128(), i = f.i32(), samples = f.i32(), step = f.i32();
    f.set(samples, SHIFT_SAMPLES);
    f.if(i32.ltU(i32.sub(end, first), samples), () => f.set(samples, i32.sub(end, first)));
    f.if(samples, () => {
      f.set(step, i32.mul(i32.divU(i32.sub(end, first), samples), pixelBytes));
      f.loop(this.#offset, 0, 4 * lanes, 16, () => {
        f.set(total, f32x4.constant(0));
        f.set(source, i32.add(i32.add(x0, i32.mul(first, pixelBytes)), this.#offset));
        f.loopAtLeastOnce(i, 0, samples, 1, () => {
          f.set(total, f32x4.add(total, v128.load(source)));
          f.increment(source, step);
        });
        const mean = f32x4.mul(total, f32x4.splat(f32.div(1, f32.convertI32S(samples))));
        f.emit(v128.store(i32.add(scratch, this.#offset), mean, sumBytes));
      });
    });
  }

  #countPixels(): void {
    const { scratch, first, end } = this.f.parameters;
    const { countOffset } = this.shape;
    const count = f64.add(f64.load(scratch, countOffset), f64.convertI32S(i32.sub(end, first)));
    this.f.emit(f64.store(scratch, count, countOffset));
  }
}
