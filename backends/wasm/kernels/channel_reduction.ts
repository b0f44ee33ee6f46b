/**
 * Sums over everything but the channel, of whatever a family adds up.
 *
 * Items are the pixels. A thread walks its pixels in chunks that stay in the cache, a block of
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
import type { KernelFunction, Lowering, Phase } from "../kernel.ts";
import type { NodeOrders, Order } from "../../layout.ts";

/** Bytes of a chunk of one operand. */
const CHUNK_BYTES = 16384;
/** Fewest and most pixels of a chunk: to keep flushing cheap and f32 sums short. */
const CHUNK_PIXELS = { least: 32, most: 128 } as const;
/** Pixels whose mean serves as a thread's shift. */
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
   * of the mean of the first input, so that sums of squares do not cancel. Every thread estimates
   * from its own pixels.
   */
  readonly shift: "none" | "estimate" | number;
  /** Where the shift is an estimate: the sums of `count` numbers relative to a shift less by `by`. */
  rebase?(
    sums: readonly Local<"f64">[],
    count: Expression<"f64">,
    by: Local<"f64">,
  ): Expression<"f64">[];
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
  /**
   * Bytes of a thread's f64 sums. Behind them lie, where it estimates, its shifts, f32, and the number
   * of its pixels, f64.
   */
  readonly sumBytes: number;
  readonly countOffset: number;
  readonly scratchBytes: number;
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
  const sumBytes = 8 * lanes * reduction.sums;
  const shape: Shape = {
    channels,
    lanes,
    pixels: batch * pixels,
    pixelBytes,
    chunk: Math.min(most, Math.max(least, Math.floor(CHUNK_BYTES / pixelBytes))),
    sumBytes,
    countOffset: sumBytes + 4 * lanes,
    scratchBytes: sumBytes + 4 * lanes + 8,
  };
  const scratch = lowering.threadScratch(shape.scratchBytes);
  const key = `${reduction.key} ${node.inputs.length} ${channels}/${paddedChannels}`;
  const inputs = node.inputs.map((_, i) => `x${i}`);
  const outputs = node.outputs.map((_, i) => `y${i}`);
  const args: Record<string, Phase["args"][string]> = { scratch: scratch.ref };
  node.inputs.forEach((value, i) => args[`x${i}`] = lowering.ref(value));
  node.outputs.forEach((value, i) => args[`y${i}`] = lowering.ref(value));

  lowering.phase({
    kernel: lowering.kernel(
      `${key} sums`,
      [...inputs, "scratch"],
      (f) => new ThreadSums(f, lowering.target, reduction, shape, scratch.stride).write(),
    ),
    args,
    writes: ["scratch"],
    items: shape.pixels,
    images: batch > 1 ? { count: batch, operands: inputs.slice(0, reduction.streams) } : undefined,
    detail: "sums",
    flops: shape.pixels * channels * reduction.sums,
  });
  lowering.phase({
    kernel: lowering.kernel(
      `${key} ${shape.pixels} results`,
      [...inputs, ...outputs, "scratch"],
      (f) => writeResults(f, lowering.threads, reduction, shape, scratch.stride, outputs.length),
    ),
    args,
    writes: outputs,
    items: channels,
    grain: 16,
    detail: "results",
  });
}

/** Writes the phase in which each thread adds its pixels to its sums. */
class ThreadSums {
  readonly #f: KernelFunction<string>;
  readonly #target: Target;
  readonly #reduction: ChannelReduction;
  readonly #shape: Shape;
  readonly #pixel: Local<"i32">;
  /** Byte of the block's first channel in a pixel. */
  readonly #offset: Local<"i32">;
  readonly #cursors: readonly Local<"i32">[];

  constructor(
    f: KernelFunction<string>,
    target: Target,
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
    this.#pixel = f.i32();
    this.#offset = f.i32();
    this.#cursors = Array.from({ length: reduction.streams }, () => f.i32());
  }

  write(): void {
    const f = this.#f;
    const { chunk, lanes, scratchBytes } = this.#shape;
    const { sums, shift } = this.#reduction;
    const { scratch, first, end, opens } = f.parameters;
    f.if(opens, () => {
      f.emit(memory.fill(scratch, 0, scratchBytes));
      if (shift === "estimate") this.#estimateShift();
    });
    if (shift === "estimate") this.#countPixels();

    const wide = new WideVectors(f, this.#target);
    const narrow = new WideVectors(f, { ...this.#target, wide: 1 });
    const perBlock = sums === 1 ? 8 : 4;
    const blockLanes = perBlock * wide.lanes;
    const wholeBlocks = Math.floor(lanes / blockLanes);
    const rest = lanes - wholeBlocks * blockLanes;
    const chunkStart = f.i32(), chunkEnd = f.i32();
    f.loop(chunkStart, first, end, chunk, () => {
      f.set(chunkEnd, i32.add(chunkStart, chunk));
      f.if(i32.gtU(chunkEnd, end), () => f.set(chunkEnd, end));
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

  /** Puts the mean of a few of the pixels at hand behind the sums. */
  #estimateShift(): void {
    const f = this.#f;
    const { lanes, pixelBytes, sumBytes } = this.#shape;
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
    const { scratch, first, end } = this.#f.parameters;
    const { countOffset } = this.#shape;
    const count = f64.add(f64.load(scratch, countOffset), f64.convertI32S(i32.sub(end, first)));
    this.#f.emit(f64.store(scratch, count, countOffset));
  }
}

/** Writes the phase that adds the threads' sums; items are the channels. */
function writeResults(
  f: KernelFunction<string>,
  threads: number,
  reduction: ChannelReduction,
  { lanes, pixels, sumBytes, countOffset }: Shape,
  stride: number,
  outputs: number,
): void {
  const { scratch, first, end } = f.parameters;
  const channel = f.i32(), place = f.i32(), thread = f.i32(), shift = f.f64(), by = f.f64();
  const locals = () => Array.from({ length: reduction.sums }, () => f.f64());
  const sums = locals(), terms = locals();
  const number = (address: Operand<"i32">, offset = 0) => f64.promoteF32(f32.load(address, offset));
  const atChannel = (base: Operand<"i32">) => i32.add(base, i32.mul(channel, 4));
  f.loop(channel, first, end, 1, () => {
    if (reduction.shift === "estimate") {
      f.set(shift, number(atChannel(scratch), sumBytes));
    } else if (reduction.shift !== "none") {
      f.set(shift, number(atChannel(f.parameters[`x${reduction.shift}`])));
    }
    f.set(place, scratch);
    for (const sum of sums) f.set(sum, 0);
    f.loopAtLeastOnce(thread, 0, threads, 1, () => {
      terms.forEach((term, s) => {
        f.set(term, f64.load(i32.add(place, i32.mul(channel, 8)), 8 * lanes * s));
      });
      if (reduction.rebase) {
        f.set(by, f64.sub(number(atChannel(place), sumBytes), shift));
        reduction.rebase(terms, f64.load(place, countOffset), by)
          .forEach((term, s) => f.set(sums[s], f64.add(sums[s], term)));
      } else {
        sums.forEach((sum, s) => f.set(sum, f64.add(sum, terms[s])));
      }
      f.increment(place, stride);
    });
    const input = (index: number) => number(atChannel(f.parameters[`x${index}`]));
    const results = reduction.results({ f, sums, count: pixels, shift, input });
    for (let i = 0; i < outputs; i++) {
      f.emit(f32.store(atChannel(f.parameters[`y${i}`]), f32.demoteF64(results[i])));
    }
  });
}
