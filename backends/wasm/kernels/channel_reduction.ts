/**
 * Sums over everything but the channel, of terms that a family defines.
 *
 * Items are the pixels. A thread walks its pixels in chunks that stay in the cache, a block of
 * channels at a time, with f32 sums in registers; after each chunk these are added to f64 sums in
 * memory. The f32 sums are therefore short and the result is as exact as its terms. A second launch
 * adds the threads' sums in their order and computes the results channel by channel.
 */
import type { GraphNode, Value } from "../../../graph/types.ts";
import { f32, f64, i32, type Operand } from "../../../assembler/mod.ts";
import { type KernelFunction, type Lowering, numberedRefs } from "../kernel.ts";
import type { NodeOrders, Order } from "../../layout.ts";
import type { ChannelReduction, ReductionShape } from "./channel_reduction_parts.ts";
import { ThreadSums } from "./channel_sums.ts";

/**
 * Bytes of a chunk of one operand. Bench: `deno task kernel channelMoments --shape 64x64x32x32`.
 */
const CHUNK_BYTES = 16384;
/**
 * Fewest and most pixels of a chunk: to keep flushing cheap and f32 sums short. Bench: as above.
 */
const CHUNK_PIXELS = { least: 32, most: 128 } as const;

/** The orders of a channel reduction's operands. */
export function channelReductionOrders({ inputs, outputs }: GraphNode): NodeOrders {
  const orderOf = ({ shape }: Value): Order => shape.length > 2 ? "channelsLast" : "plain";
  return { inputs: inputs.map(orderOf), outputs: outputs.map(() => "plain") };
}

/** Appends the launches of a reduction. */
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
  const shape: ReductionShape = {
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
  const streamed = node.inputs[0].shape;
  const shapeOf = (i: number) => i < reduction.streams ? streamed : [channels];
  const inputs = numberedRefs(lowering, "x", node.inputs, shapeOf);
  const outputs = numberedRefs(lowering, "y", node.outputs, () => [channels]);
  const streams = Object.keys(inputs).slice(0, reduction.streams);
  const perChannel = Object.fromEntries(Object.entries(inputs).slice(reduction.streams));
  lowering.launch<string>({
    kernel: `${key} sums`,
    build: (f) => new ThreadSums(f, lowering.target, reduction, shape, scratch.stride).write(),
    args: { ...inputs, scratch: scratch.ref },
    writes: ["scratch"],
    items: shape.pixels,
    images: batch > 1 ? { count: batch, operands: streams } : undefined,
    detail: "sums",
    flops: shape.pixels * channels * reduction.sums,
  });
  lowering.launch<string>({
    kernel: `${key} ${shape.pixels} results`,
    build: (f) =>
      writeResults(f, lowering.threads, reduction, shape, scratch.stride, node.outputs.length),
    // The summed inputs are not read again, so they need not be kept or waited for.
    args: { ...perChannel, ...outputs, scratch: scratch.ref },
    writes: Object.keys(outputs),
    items: channels,
    grain: 16,
    detail: "results",
  });
}

/** Writes the launch that adds the threads' sums; items are the channels. */
function writeResults(
  f: KernelFunction<string>,
  threads: number,
  reduction: ChannelReduction,
  { lanes, pixels, sumBytes, countOffset }: ReductionShape,
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
