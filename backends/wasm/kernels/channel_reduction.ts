/**
 * Sums over everything but the channel, of whatever a family adds up.
 *
 * Threads share the pixels. A thread walks its pixels in chunks that stay in the cache, a block of
 * channels at a time, with f32 sums in registers; after each chunk these are added to f64 sums in
 * memory. So the f32 sums are short and the result is as exact as its terms. A second phase adds
 * the threads' sums in their order and computes the results channel by channel.
 */
import type { GraphNode, Value } from "../../../graph/types.ts";
import {
  type Expression,
  f32,
  f32x4,
  f64,
  f64x2,
  i32,
  type Local,
  memory,
  type Operand,
  type Target,
  v128,
  type Wide,
  type WideLocal,
  WideVectors,
} from "../assembler/mod.ts";
import { type KernelFunction, type Lowering, type Phase, threadRange } from "../kernel.ts";
import type { NodeOrders, Order } from "../../layout.ts";

/** Bytes of a chunk of one operand. */
const CHUNK_BYTES = 16384;
/** Fewest and most pixels of a chunk: to keep flushing cheap and f32 sums short. */
const CHUNK_PIXELS = { least: 32, most: 128 } as const;
/** Pixels whose mean serves as shift. */
const SHIFT_SAMPLES = 16;
/** Pixels per round of the innermost loop. */
const UNROLL = 4;

/** The parts of a channel reduction that differ from op to op. */
export interface ChannelReduction {
  /** Sums kept for each channel: 1 or 2. */
  readonly sums: 1 | 2;
  /** How many leading inputs are summed over; the others are one number a channel. */
  readonly streams: number;
  /**
   * What each channel's numbers are taken relative to: nothing, an input (its index), or an estimate
   * of the mean of the first input, so that sums of squares do not cancel.
   */
  readonly shift: "none" | "estimate" | number;
  /** Tells the reduction from others in the keys of kernels. */
  readonly key: string;
  /** The terms of one pixel, one for each sum. */
  terms(v: WideVectors, streams: readonly Wide[], shift: WideLocal | undefined): Wide[];
  /** The results, one for each output, from the sums. */
  results(sums: ChannelSums): Expression<"f64">[];
}

/** What the results of one channel are computed from. */
export interface ChannelSums {
  readonly f: KernelFunction<string>;
  readonly sums: readonly Local<"f64">[];
  /** Number of summed elements. */
  readonly count: number;
  readonly shift: Local<"f64">;
  /** Inputs that are one number a channel, by the node's index. */
  input(index: number): Expression<"f64">;
}

/** The orders of a channel reduction's operands. */
export function channelReductionOrders({ inputs, outputs }: GraphNode): NodeOrders {
  const orderOf = ({ shape }: Value): Order => shape.length > 2 ? "channelsLast" : "plain";
  return { inputs: inputs.map(orderOf), outputs: outputs.map(() => "plain") };
}

/** How a reduction's memory is laid out and walked. */
interface Shape {
  readonly channels: number;
  /** Channels rounded up to whole vectors. */
  readonly lanes: number;
  readonly pixels: number;
  readonly pixelBytes: number;
  readonly chunk: number;
  /** Bytes of a thread's f64 sums; its shifts, f32, lie behind them. */
  readonly sumBytes: number;
}

/** Appends the phases of a reduction. */
export function lowerChannelReduction(
  reduction: ChannelReduction,
  node: GraphNode,
  lowering: Lowering,
): void {
  const { batch, channels, paddedChannels, pixels } = lowering.layout(node.inputs[0]);
  const lanes = 4 * Math.ceil(channels / 4);
  const pixelBytes = 4 * paddedChannels;
  const { least, most } = CHUNK_PIXELS;
  const shape: Shape = {
    channels,
    lanes,
    pixels: batch * pixels,
    pixelBytes,
    chunk: Math.min(most, Math.max(least, Math.floor(CHUNK_BYTES / pixelBytes))),
    sumBytes: 8 * lanes * reduction.sums,
  };
  const scratch = lowering.threadScratch(shape.sumBytes + 4 * lanes);
  const key =
    `${reduction.key} ${node.inputs.length} ${channels}/${paddedChannels} ${shape.pixels}`;
  const inputs = node.inputs.map((_, i) => `x${i}`);
  const outputs = node.outputs.map((_, i) => `y${i}`);
  const args: Record<string, Phase["args"][string]> = { scratch: scratch.ref };
  node.inputs.forEach((value, i) => args[`x${i}`] = lowering.ref(value));
  node.outputs.forEach((value, i) => args[`y${i}`] = lowering.ref(value));

  lowering.phase({
    kernel: lowering.kernel(
      `${key} sums`,
      [...inputs, "scratch"],
      (f) => new ThreadSums(f, lowering, reduction, shape, scratch.stride).write(),
    ),
    args,
    writes: ["scratch"],
    detail: "sums",
    flops: shape.pixels * channels * reduction.sums,
  });
  lowering.phase({
    kernel: lowering.kernel(
      `${key} results`,
      [...inputs, ...outputs, "scratch"],
      (f) => writeResults(f, lowering.threads, reduction, shape, scratch.stride, outputs.length),
    ),
    args,
    writes: outputs,
    detail: "results",
  });
}

/** Writes the phase in which each thread sums over its pixels. */
class ThreadSums {
  readonly #f: KernelFunction<string>;
  readonly #target: Target;
  readonly #reduction: ChannelReduction;
  readonly #shape: Shape;
  readonly #first: Local<"i32">;
  readonly #last: Local<"i32">;
  readonly #pixel: Local<"i32">;
  /** Byte of the block's first channel in a pixel. */
  readonly #offset: Local<"i32">;
  readonly #cursors: readonly Local<"i32">[];

  constructor(
    f: KernelFunction<string>,
    { target, threads }: Lowering,
    reduction: ChannelReduction,
    shape: Shape,
    stride: number,
  ) {
    this.#f = f;
    this.#target = target;
    this.#reduction = reduction;
    this.#shape = shape;
    const { scratch, thread } = f.parameters;
    f.increment(scratch, i32.mul(thread, stride));
    const { first, end } = threadRange(f, threads, shape.pixels);
    this.#first = first;
    this.#last = end;
    this.#pixel = f.i32();
    this.#offset = f.i32();
    this.#cursors = Array.from({ length: reduction.streams }, () => f.i32());
  }

  write(): void {
    const f = this.#f;
    const { chunk, lanes, sumBytes } = this.#shape;
    const { sums, shift } = this.#reduction;
    f.emit(memory.fill(f.parameters.scratch, 0, sumBytes));
    if (shift === "estimate") this.#estimateShift();

    const wide = new WideVectors(f, this.#target);
    const narrow = new WideVectors(f, { ...this.#target, wide: 1 });
    const perBlock = sums === 1 ? 8 : 4;
    const blockLanes = perBlock * wide.lanes;
    const wholeBlocks = Math.floor(lanes / blockLanes);
    const rest = lanes - wholeBlocks * blockLanes;
    const chunkStart = f.i32(), chunkEnd = f.i32();
    f.loop(chunkStart, this.#first, this.#last, chunk, () => {
      f.set(chunkEnd, i32.add(chunkStart, chunk));
      f.if(i32.gtU(chunkEnd, this.#last), () => f.set(chunkEnd, this.#last));
      f.loop(this.#offset, 0, 4 * blockLanes * wholeBlocks, 4 * blockLanes, () => {
        this.#block(wide, perBlock, chunkStart, chunkEnd);
      });
      f.set(this.#offset, 4 * blockLanes * wholeBlocks);
      const restWide = Math.floor(rest / wide.lanes);
      if (restWide > 0) {
        this.#block(wide, restWide, chunkStart, chunkEnd);
        f.increment(this.#offset, restWide * wide.bytes);
      }
      if (rest % wide.lanes > 0) this.#block(narrow, 1, chunkStart, chunkEnd);
    });
  }

  /** Sums `count` vectors of channels from `#offset` on, over a chunk of pixels. */
  #block(v: WideVectors, count: number, from: Local<"i32">, to: Local<"i32">): void {
    const f = this.#f;
    const { pixelBytes, sumBytes } = this.#shape;
    const { sums, streams, shift } = this.#reduction;
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
            this.#reduction.terms(v, values, shifts[k])
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
    const f = this.#f;
    const place = f.i32();
    const start = 8 * this.#shape.lanes * s;
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

  /** Puts the mean of a few pixels, the same ones in every thread, behind the sums. */
  #estimateShift(): void {
    const f = this.#f;
    const { lanes, pixels, pixelBytes, sumBytes } = this.#shape;
    const samples = Math.min(SHIFT_SAMPLES, pixels);
    const source = f.i32(), total = f.v128(), i = f.i32();
    const step = Math.floor(pixels / samples) * pixelBytes;
    f.loop(this.#offset, 0, 4 * lanes, 16, () => {
      f.set(total, f32x4.constant(0));
      f.set(source, i32.add(f.parameters.x0, this.#offset));
      f.loopAtLeastOnce(i, 0, samples, 1, () => {
        f.set(total, f32x4.add(total, v128.load(source)));
        f.increment(source, step);
      });
      const mean = f32x4.mul(total, f32x4.constant(1 / samples));
      f.emit(v128.store(i32.add(f.parameters.scratch, this.#offset), mean, sumBytes));
    });
  }
}

/** Writes the phase that adds the threads' sums; threads share the channels. */
function writeResults(
  f: KernelFunction<string>,
  threads: number,
  reduction: ChannelReduction,
  { channels, lanes, pixels, sumBytes }: Shape,
  stride: number,
  outputs: number,
): void {
  const { scratch } = f.parameters;
  const channel = f.i32(), place = f.i32(), thread = f.i32(), shift = f.f64();
  const sums = Array.from({ length: reduction.sums }, () => f.f64());
  const { first, end } = threadRange(f, threads, channels, 16);
  const number = (address: Operand<"i32">, offset = 0) => f64.promoteF32(f32.load(address, offset));
  f.loop(channel, first, end, 1, () => {
    f.set(place, i32.add(scratch, i32.mul(channel, 8)));
    for (const sum of sums) f.set(sum, 0);
    f.loopAtLeastOnce(thread, 0, threads, 1, () => {
      sums.forEach((sum, s) => f.set(sum, f64.add(sum, f64.load(place, 8 * lanes * s))));
      f.increment(place, stride);
    });
    const atChannel = (base: Local<"i32">) => i32.add(base, i32.mul(channel, 4));
    if (reduction.shift !== "none") {
      f.set(
        shift,
        reduction.shift === "estimate"
          ? number(atChannel(scratch), sumBytes)
          : number(atChannel(f.parameters[`x${reduction.shift}`])),
      );
    }
    const input = (index: number) => number(atChannel(f.parameters[`x${index}`]));
    const results = reduction.results({ f, sums, count: pixels, shift, input });
    for (let i = 0; i < outputs; i++) {
      f.emit(f32.store(atChannel(f.parameters[`y${i}`]), f32.demoteF64(results[i])));
    }
  });
}
