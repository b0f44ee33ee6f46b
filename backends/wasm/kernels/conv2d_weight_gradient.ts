/**
 * Kernel of `conv2dWeightGradient`. Each thread sums over its images, band by band, into a gradient
 * of its own, laid out [group][kernel row][kernel column][channel][output channel]; a second launch
 * adds the threads' sums, in the order of their numbers, and writes them as [O, I/groups, kH, kW].
 */

import type { GraphNode } from "../../../graph/types.ts";
import {
  convolutionFlops,
  type ConvolutionGeometry,
  convolutionGeometry,
  convolutionShapes,
} from "../../../ops/convolution_geometry.ts";
import type { WeightGradientAttributes } from "../../../ops/conv2d.ts";
import { f32x4, i32, memory, type Target, v128 } from "../../../assembler/mod.ts";
import type { KernelFamily, KernelFunction, Lowering } from "../kernel.ts";
import { isDepthwise } from "./conv2d.ts";
import { imageOf } from "./image.ts";
import { lowerDepthwiseGradient } from "./conv2d_depthwise_gradient.ts";
import { forwardAxis, joinRows } from "./conv2d_plan.ts";
import { emitStrip, forEachBand, planStrip, stripBytes, withBandRows } from "./conv2d_strip.ts";
import {
  emitBand,
  emitPackedBand,
  packBytes,
  type WeightGradientPlan,
} from "./conv2d_weight_bands.ts";
import { GemmTile } from "./gemm_tile.ts";
import { repeat } from "./loops.ts";
import { tileSize } from "./register_tile.ts";
import { Transposition } from "./transpose.ts";
import { weightGradientObstacle } from "./winograd_plan.ts";
import { lowerWinogradWeightGradient } from "./winograd_weight_gradient.ts";

/**
 * Bytes of a band's strip and output gradients: small, because they are read many times. Bench of
 * this and the next two: `bench/layers.ts`, column "by weight".
 */
const BAND_BYTES = 1 << 15;
/** Bytes of a band's output gradients where they are packed. */
const PACKED_BAND_BYTES = 1 << 18;
/** Bytes of sums from which bands are packed: the sums then take longer to read and write. */
const PACKED_SUM_BYTES = 1 << 17;

/** Rows of images that threads share are joined until their pixels are a multiple of this. */
const JOINED_PIXELS = 8;

/** Output channels whose sums are added at once: a cache line. */
const TOTAL_CHANNELS = 16;

export const conv2dWeightGradient: KernelFamily = {
  ops: ["conv2dWeightGradient"],
  orders: () => ({ inputs: ["channelsLast", "channelsLast"], outputs: ["plain"] }),
  lower(node: GraphNode, lowering: Lowering): void {
    const [input, outputGradient] = node.inputs;
    const [weightGradient] = node.outputs;
    const attributes: WeightGradientAttributes = node.attributes;
    const geometry = convolutionGeometry(input.shape, attributes.weightShape, attributes);
    const shapes = convolutionShapes(geometry);
    const source = imageOf(lowering, input, shapes.input);
    const gradient = imageOf(lowering, outputGradient, shapes.output);
    const result = lowering.ref(weightGradient, shapes.weight);
    if (isDepthwise(geometry)) {
      return lowerDepthwiseGradient(lowering, geometry, source, gradient, result);
    }
    const obstacle = weightGradientObstacle(geometry, lowering);
    if (!obstacle) {
      return lowerWinogradWeightGradient(lowering, {
        images: geometry.batch,
        input: source,
        outputGradient: gradient,
        padding: geometry.padding,
        weightGradient: result,
      }, convolutionFlops(geometry));
    }
    const { threads, target } = lowering;
    // Threads that share an image must split its rows the same way in every width: bits depend on
    // it.
    const sharesImages = geometry.batch % threads !== 0;
    const joined = joinRows(geometry, sharesImages ? JOINED_PIXELS : tileSize(target).rows);
    const plan = planOf(joined, source.pixelBytes, gradient.pixelBytes, threads);
    const key = JSON.stringify(geometry);
    const sums = lowering.threadScratch(plan.bytes);
    const scratchBytes = packOffset(plan) + (plan.packed ? packBytes(target, plan) : 0);
    const scratch = scratchBytes > 0 ? lowering.threadScratch(scratchBytes) : undefined;
    lowering.launch({
      kernel: `conv2dWeightGradient ${key}`,
      build: (f) => emitSums(f, target, plan, sums.stride, scratch?.stride ?? 0),
      args: {
        source: source.ref,
        gradient: gradient.ref,
        sums: sums.ref,
        rows: lowering.table(plan.strip.rows.source),
        scratch: scratch?.ref ?? 0,
      },
      writes: ["sums", "scratch"],
      items: geometry.batch * plan.strip.bands.count,
      images: { count: geometry.batch, operands: ["source", "gradient"] },
      detail: `direct: ${obstacle}`,
      flops: convolutionFlops(geometry),
    });
    lowering.launch({
      kernel: `conv2dWeightGradient total ${key}`,
      build: (f) => emitTotal(f, threads, plan, sums.stride),
      args: { sums: sums.ref, weightGradient: result },
      writes: ["weightGradient"],
      items: geometry.groups * Math.ceil(plan.groupOut / TOTAL_CHANNELS),
      detail: "add the threads' sums",
    });
  },
};

type SumsParameter = "source" | "gradient" | "sums" | "rows" | "scratch";

function planOf(
  geometry: ConvolutionGeometry,
  pixelBytes: number,
  gradientPixelBytes: number,
  threads: number,
): WeightGradientPlan {
  const { batch, groups, inChannels, outChannels, inSize, outSize, kernelSize } = geometry;
  const rows = forwardAxis(geometry, 0), columns = forwardAxis(geometry, 1);
  const groupIn = inChannels / groups, groupOut = outChannels / groups;
  const run = groups === 1 ? pixelBytes / 4 : groupIn;
  const rowBytes = 16 * Math.ceil(groupOut / 4);
  const bytes = groups * kernelSize[0] * kernelSize[1] * run * rowBytes;
  const packed = groups === 1 && bytes >= PACKED_SUM_BYTES;
  const gradientRow = outSize[1] * gradientPixelBytes;
  const bandRow = columns.source.length * pixelBytes * rows.positionStep + gradientRow;
  return {
    geometry,
    packed,
    strip: planStrip(
      { rows, columns, size: inSize, pixelBytes },
      { images: batch, threads },
      (rows, stripRows) =>
        packed ? rows * gradientRow <= PACKED_BAND_BYTES : stripRows * bandRow <= BAND_BYTES,
    ),
    groupIn,
    groupOut,
    run,
    gradientPixelBytes,
    rowBytes,
    bytes,
  };
}

/** Byte of a thread's scratch at which bands are packed, after the strip. */
function packOffset({ strip }: WeightGradientPlan): number {
  return Math.ceil(stripBytes(strip) / 64) * 64;
}

/** Writes the summing over a share of the bands. */
function emitSums(
  f: KernelFunction<SumsParameter>,
  target: Target,
  plan: WeightGradientPlan,
  sumsStride: number,
  scratchStride: number,
): void {
  const { geometry, gradientPixelBytes } = plan;
  const { source, gradient, sums, rows: rowTable, scratch, thread, isFirstCall } = f.parameters;
  const { outSize } = geometry;
  const gradientRowBytes = outSize[1] * gradientPixelBytes;
  const strip = f.i32(), image = f.i32(), gradientBand = f.i32(), pack = f.i32();
  f.increment(scratch, i32.mul(thread, scratchStride));
  f.set(pack, i32.add(scratch, packOffset(plan)));
  f.increment(sums, i32.mul(thread, sumsStride));
  f.if(isFirstCall, () => f.emit(memory.fill(sums, 0, plan.bytes)));
  const tile = new GemmTile(f, target);
  const { bands, imageBytes } = plan.strip;
  forEachBand(f, plan.strip, f.parameters, (imageIndex, band) => {
    f.set(image, i32.add(source, i32.mul(imageIndex, imageBytes)));
    emitStrip(f, plan.strip, strip, image, band, rowTable, scratch);
    f.set(
      gradientBand,
      i32.add(
        i32.add(gradient, i32.mul(imageIndex, outSize[0] * gradientRowBytes)),
        i32.mul(band, bands.rows * gradientRowBytes),
      ),
    );
    withBandRows(f, plan.strip, outSize[0], band, (rows) => {
      const operands = { rows, strip, gradient: gradientBand, sums };
      if (plan.packed) emitPackedBand(f, target, tile, plan, operands, pack);
      else emitBand(f, target, tile, plan, operands);
    });
  });
}

/**
 * Writes the code that adds the threads' sums; an item is a block of output channels of one group,
 * which are adjacent in the sums.
 */
function emitTotal(
  f: KernelFunction<"sums" | "weightGradient">,
  threads: number,
  { geometry, groupIn, groupOut, run: tapRows, rowBytes }: WeightGradientPlan,
  sumsStride: number,
): void {
  const { kernelSize } = geometry;
  const taps = kernelSize[0] * kernelSize[1];
  const channelBytes = 4 * groupIn * taps, tapBytes = tapRows * rowBytes;
  const { sums, weightGradient, first, end } = f.parameters;
  const blocks = Math.ceil(groupOut / TOTAL_CHANNELS);
  const item = f.i32(), group = f.i32(), block = f.i32();
  const from = f.i32(), at = f.i32(), to = f.i32();
  const vectors = Array.from({ length: TOTAL_CHANNELS / 4 }, () => f.v128());
  const transposition = new Transposition(f);
  /** Sets locals to the threads' sums of `count` vectors, `step` bytes apart. */
  const load = (count: number, offset: number, step: number) => {
    const loaded = vectors.slice(0, count);
    for (let thread = 0; thread < threads; thread++) {
      loaded.forEach((vector, i) => {
        const sum = v128.load(at, thread * sumsStride + offset + step * i);
        f.set(vector, thread === 0 ? sum : f32x4.add(vector, sum));
      });
    }
    return loaded;
  };
  // What is contiguous in the result, and bytes from one to the next in the sums.
  const [run, step, runs] = taps === 1 ? [groupIn, rowBytes, 1] : [taps, tapBytes, groupIn];
  const emitBlock = (channels: number) =>
    repeat(f, runs, () => {
      f.set(at, from);
      repeat(f, Math.floor(run / 4), () => {
        for (let channel = 0; channel < channels; channel += 4) {
          const columns = transposition.columns(load(4, 4 * channel, step));
          columns.slice(0, channels - channel).forEach((column, i) =>
            f.emit(v128.store(to, column, (channel + i) * channelBytes))
          );
        }
        f.increment(at, 4 * step);
        f.increment(to, 16);
      });
      repeat(f, run % 4, () => {
        const loaded = load(Math.ceil(channels / 4), 0, 16);
        for (let channel = 0; channel < channels; channel++) {
          const vector = loaded[channel >> 2];
          f.emit(v128.store32Lane(to, vector, channel % 4, channel * channelBytes));
        }
        f.increment(at, step);
        f.increment(to, 4);
      });
      f.increment(from, rowBytes);
    });
  f.loop(item, first, end, 1, () => {
    f.set(group, i32.divU(item, blocks));
    f.set(block, i32.sub(item, i32.mul(group, blocks)));
    f.set(from, i32.add(sums, i32.mul(group, taps * tapBytes)));
    f.increment(from, i32.mul(block, 4 * TOTAL_CHANNELS));
    f.set(to, i32.add(weightGradient, i32.mul(group, groupOut * channelBytes)));
    f.increment(to, i32.mul(block, TOTAL_CHANNELS * channelBytes));
    const rest = groupOut % TOTAL_CHANNELS;
    if (rest === 0 || blocks === 1) return emitBlock(rest || TOTAL_CHANNELS);
    f.if(i32.eq(block, blocks - 1), () => emitBlock(rest), () => emitBlock(TOTAL_CHANNELS));
  });
}
