/**
 * Kernel of `conv2dWeightGradient`. Each thread sums over its images, band by band, into a gradient
 * of its own, laid out [group][kernel row][kernel column][channel][output channel]; a second phase
 * adds the threads' sums, in the order of their numbers, and writes them as [O, I/groups, kH, kW].
 */

import type { GraphNode } from "../../../graph/types.ts";
import {
  type ConvolutionGeometry,
  convolutionGeometry,
} from "../../../ops/convolution_geometry.ts";
import type { WeightGradientAttributes } from "../../../ops/conv2d.ts";
import { f32, i32, type Local, memory, type Target } from "../assembler/mod.ts";
import type { KernelFamily, KernelFunction, Lowering } from "../kernel.ts";
import { convolutionFlops, imageOf, isDepthwise } from "./conv2d.ts";
import { lowerDepthwiseGradient } from "./conv2d_depthwise_gradient.ts";
import { forwardAxis, joinRows, planBands } from "./conv2d_plan.ts";
import {
  emitStrip,
  forEachBand,
  stripBytes,
  type StripPlan,
  stripRowBytes,
  withBandRows,
} from "./conv2d_strip.ts";
import { GemmTile, type OuterSteps } from "./gemm_tile.ts";
import { repeat } from "./loops.ts";
import { forEachPanel, panelsOf } from "./panels.ts";
import { TILE_ROWS } from "./register_tile.ts";
import { weightGradientObstacle } from "./winograd_plan.ts";
import { lowerWinogradWeightGradient } from "./winograd_weight_gradient.ts";

/** Bytes of a band's strip and output gradients: they are read many times over, so little. */
const BAND_BYTES = 1 << 15;

/** Weight gradient of a convolution. */
export const conv2dWeightGradient: KernelFamily = {
  ops: ["conv2dWeightGradient"],
  orders: () => ({ inputs: ["channelsLast", "channelsLast"], outputs: ["plain"] }),
  lower(node: GraphNode, lowering: Lowering): void {
    const [input, outputGradient] = node.inputs;
    const [weightGradient] = node.outputs;
    const attributes: WeightGradientAttributes = node.attributes;
    const geometry = convolutionGeometry(input.shape, attributes.weightShape, attributes);
    if (isDepthwise(geometry)) {
      return lowerDepthwiseGradient(
        lowering,
        geometry,
        imageOf(lowering, input),
        imageOf(lowering, outputGradient),
        lowering.ref(weightGradient),
      );
    }
    const obstacle = weightGradientObstacle(geometry, lowering);
    if (!obstacle) {
      return lowerWinogradWeightGradient(lowering, {
        images: geometry.batch,
        input: imageOf(lowering, input),
        outputGradient: imageOf(lowering, outputGradient),
        padding: geometry.padding,
        weightGradient: lowering.ref(weightGradient),
      }, convolutionFlops(geometry));
    }
    const { threads, target } = lowering;
    const plan = planOf(
      joinRows(geometry),
      4 * lowering.layout(input).paddedChannels,
      4 * lowering.layout(outputGradient).paddedChannels,
      threads,
    );
    const key = JSON.stringify(geometry);
    const sums = lowering.threadScratch(plan.bytes);
    const strips = stripBytes(plan.strip);
    const scratch = strips > 0 ? lowering.threadScratch(strips) : undefined;
    lowering.phase({
      kernel: lowering.kernel<SumsParameter>(
        `conv2dWeightGradient ${key}`,
        ["source", "gradient", "sums", "rows", "scratch"],
        (f) => emitSums(f, target, plan, sums.stride, scratch?.stride ?? 0),
      ),
      args: {
        source: lowering.ref(input),
        gradient: lowering.ref(outputGradient),
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
    lowering.phase({
      kernel: lowering.kernel(
        `conv2dWeightGradient total ${key}`,
        ["sums", "weightGradient"],
        (f) => emitTotal(f, threads, plan, sums.stride),
      ),
      args: { sums: sums.ref, weightGradient: lowering.ref(weightGradient) },
      writes: ["weightGradient"],
      items: geometry.outChannels,
      detail: "add the threads' sums",
    });
  },
};

type SumsParameter = "source" | "gradient" | "sums" | "rows" | "scratch";

interface WeightGradientPlan {
  readonly geometry: ConvolutionGeometry;
  readonly strip: StripPlan;
  readonly groupIn: number;
  readonly groupOut: number;
  /** Floats of a pixel that meet a tap: the group's channels, or the whole pixel of the only one. */
  readonly run: number;
  /** Bytes of a pixel of the output gradient. */
  readonly gradientPixelBytes: number;
  /** Bytes of a row of the sums: the output channels that meet one channel at one tap. */
  readonly rowBytes: number;
  /** Bytes of a thread's sums. */
  readonly bytes: number;
}

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
  const bandRow = columns.source.length * pixelBytes * rows.positionStep +
    outSize[1] * gradientPixelBytes;
  return {
    geometry,
    strip: {
      rows,
      columns,
      bands: planBands(rows, bandRow, batch, threads, BAND_BYTES),
      pixelBytes,
      imageRowBytes: inSize[1] * pixelBytes,
      imageBytes: inSize[0] * inSize[1] * pixelBytes,
    },
    groupIn,
    groupOut,
    run,
    gradientPixelBytes,
    rowBytes,
    bytes: groups * kernelSize[0] * kernelSize[1] * run * rowBytes,
  };
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
  const { source, gradient, sums, rows: rowTable, scratch, thread, opens } = f.parameters;
  const { outSize } = geometry;
  const gradientRowBytes = outSize[1] * gradientPixelBytes;
  const strip = f.i32(), image = f.i32(), gradientBand = f.i32();
  f.increment(scratch, i32.mul(thread, scratchStride));
  f.increment(sums, i32.mul(thread, sumsStride));
  f.if(opens, () => f.emit(memory.fill(sums, 0, plan.bytes)));
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
      emitBand(f, target, tile, plan, rows, strip, gradientBand);
    });
  });
}

/** Writes the adding of one band to the sums. */
function emitBand(
  f: KernelFunction<SumsParameter>,
  target: Target,
  tile: GemmTile,
  plan: WeightGradientPlan,
  rows: Local<"i32">,
  strip: Local<"i32">,
  gradientBand: Local<"i32">,
): void {
  const { geometry, gradientPixelBytes, groupIn, groupOut, rowBytes } = plan;
  const { groups, outSize, kernelSize, dilation } = geometry;
  const { pixelBytes, rows: rowPlan, columns: columnPlan } = plan.strip;
  const stripRow = stripRowBytes(plan.strip);
  const steps: OuterSteps = {
    rows,
    columns: outSize[1],
    aStep: columnPlan.positionStep * pixelBytes,
    bStep: gradientPixelBytes,
    aRowStep: rowPlan.positionStep * stripRow,
    bRowStep: outSize[1] * gradientPixelBytes,
  };
  // Taps side by side are one longer run of channels.
  const joined = groups === 1 && dilation[1] === 1;
  const runs = joined ? 1 : kernelSize[1];
  const run = joined ? kernelSize[1] * plan.run : plan.run;
  const panels = panelsOf(target, 0, groupOut);
  const sum = f.i32(), c = f.i32(), b = f.i32(), bGroup = f.i32();
  const a = f.i32(), aGroup = f.i32(), aRow = f.i32(), aRun = f.i32();

  const emitTile = (count: number) => {
    f.set(b, bGroup);
    f.set(c, sum);
    forEachPanel(f, panels, [b, c], (vectors, lanes) => {
      const size = { rows: count, vectors };
      tile.load(size, c, rowBytes);
      tile.addOuterProducts(size, a, b, steps, groups === 1 ? 4 : lanes);
      tile.store(size, c, rowBytes);
    });
    f.increment(a, 4 * count);
    f.increment(sum, count * rowBytes);
  };
  f.set(sum, f.parameters.sums);
  f.set(aGroup, strip);
  f.set(bGroup, gradientBand);
  repeat(f, groups, () => {
    f.set(aRow, aGroup);
    repeat(f, kernelSize[0], () => {
      f.set(aRun, aRow);
      repeat(f, runs, () => {
        f.set(a, aRun);
        repeat(f, Math.floor(run / TILE_ROWS), () => emitTile(TILE_ROWS));
        if (run % TILE_ROWS > 0) emitTile(run % TILE_ROWS);
        f.increment(aRun, dilation[1] * pixelBytes);
      });
      f.increment(aRow, dilation[0] * stripRow);
    });
    f.increment(aGroup, 4 * groupIn);
    f.increment(bGroup, 4 * groupOut);
  });
}

/** Writes the adding of the threads' sums; an item is an output channel. */
function emitTotal(
  f: KernelFunction<"sums" | "weightGradient">,
  threads: number,
  { geometry, groupIn, groupOut, run, rowBytes }: WeightGradientPlan,
  sumsStride: number,
): void {
  const { kernelSize } = geometry;
  const [kernelHeight, kernelWidth] = kernelSize;
  const taps = kernelHeight * kernelWidth;
  const { sums, weightGradient, first, end } = f.parameters;
  const channel = f.i32(), group = f.i32(), from = f.i32(), at = f.i32(), to = f.i32();
  f.set(to, i32.add(weightGradient, i32.mul(first, 4 * groupIn * taps)));
  f.loop(channel, first, end, 1, () => {
    f.set(group, i32.divU(channel, groupOut));
    f.set(from, i32.add(sums, i32.mul(group, taps * run * rowBytes)));
    f.increment(from, i32.mul(4, i32.sub(channel, i32.mul(group, groupOut))));
    repeat(f, groupIn, () => {
      f.set(at, from);
      repeat(f, taps, () => {
        const terms = Array.from({ length: threads }, (_, t) => f32.load(at, t * sumsStride));
        f.emit(f32.store(to, terms.reduce((total, term) => f32.add(total, term))));
        f.increment(at, run * rowBytes);
        f.increment(to, 4);
      });
      f.increment(from, rowBytes);
    });
  });
}
