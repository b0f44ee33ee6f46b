/**
 * The weight gradient of depthwise convolutions: for every tap and channel the sum, over all
 * pixels, of the output gradient times the pixel that the tap meets. Each thread sums over its
 * images into a gradient of its own, laid out [panel of channels][tap][channel]; a second launch
 * adds these up and writes them as [O, 1, kH, kW].
 */

import { convolutionFlops, type ConvolutionGeometry } from "../../../ops/convolution_geometry.ts";
import { f32, i32, type Local, memory, type Target } from "../../../assembler/mod.ts";
import type { KernelFunction, Lowering, Ref } from "../kernel.ts";
import type { Image } from "./image.ts";
import { forwardAxis } from "./conv2d_plan.ts";
import {
  emitStrip,
  forEachBand,
  planStrip,
  stripBytes,
  type StripPlan,
  stripRowBytes,
  withBandRows,
} from "./conv2d_strip.ts";
import { DepthwiseTile } from "./depthwise_tile.ts";
import { repeat } from "./loops.ts";
import { forEachPanel, panelOffset, type Panels, panelsOf } from "./panels.ts";
import { tileSize } from "./register_tile.ts";

/** Adds the launches. */
export function lowerDepthwiseGradient(
  lowering: Lowering,
  geometry: ConvolutionGeometry,
  input: Image,
  outputGradient: Image,
  weightGradient: Ref,
): void {
  const { target, threads } = lowering;
  const { batch, inSize, kernelSize, outChannels } = geometry;
  const rows = forwardAxis(geometry, 0), columns = forwardAxis(geometry, 1);
  const strip = planStrip(
    { rows, columns, size: inSize, pixelBytes: input.pixelBytes },
    { images: batch, threads },
  );
  const panels = panelsOf(target, kernelSize[0] * kernelSize[1], outChannels);
  const sums = lowering.threadScratch(panels.bytes);
  const strips = stripBytes(strip);
  const scratch = strips > 0 ? lowering.threadScratch(strips) : undefined;
  const key = JSON.stringify(geometry);
  lowering.launch({
    kernel: `depthwise weight gradient ${key}`,
    build: (f) => emitSums(f, target, geometry, strip, panels, sums.stride, scratch?.stride ?? 0),
    args: {
      source: input.ref,
      gradient: outputGradient.ref,
      sums: sums.ref,
      rows: lowering.table(rows.source),
      scratch: scratch?.ref ?? 0,
    },
    writes: ["sums", "scratch"],
    items: batch * strip.bands.count,
    images: { count: batch, operands: ["source", "gradient"] },
    detail: "direct: depthwise",
    flops: convolutionFlops(geometry),
  });
  lowering.launch({
    kernel: `depthwise weight gradient total ${JSON.stringify(panels)}`,
    build: (f) => emitTotal(f, threads, panels, sums.stride),
    args: { sums: sums.ref, weightGradient },
    writes: ["weightGradient"],
    detail: "add the threads' sums",
  });
}

type Parameter = "source" | "gradient" | "sums" | "rows" | "scratch";

/** Writes the summing over a share of the bands. */
function emitSums(
  f: KernelFunction<Parameter>,
  target: Target,
  geometry: ConvolutionGeometry,
  plan: StripPlan,
  panels: Panels,
  sumsStride: number,
  scratchStride: number,
): void {
  const { outSize, kernelSize, dilation } = geometry;
  const { pixelBytes, bands } = plan;
  const { rows: tileRows } = tileSize(target);
  const { source, gradient, sums, rows: rowTable, scratch, thread, isFirstCall } = f.parameters;
  const gradientRow = outSize[1] * pixelBytes;
  const strip = f.i32(), image = f.i32(), band = f.i32();
  f.increment(scratch, i32.mul(thread, scratchStride));
  f.increment(sums, i32.mul(thread, sumsStride));
  f.if(isFirstCall, () => f.emit(memory.fill(sums, 0, panels.bytes)));
  const tile = new DepthwiseTile(f, target);
  const a = f.i32(), b = f.i32(), from = f.i32(), other = f.i32(), sum = f.i32();
  const emitBand = (rows: Local<"i32">) => {
    const aRow = f.i32(), aPanel = f.i32(), bPanel = f.i32();
    f.set(sum, sums);
    f.set(aPanel, strip);
    f.set(bPanel, band);
    forEachPanel(f, panels, [aPanel, bPanel], (vectors) => {
      f.set(aRow, aPanel);
      repeat(f, kernelSize[0], () => {
        for (let tap = 0; tap < kernelSize[1]; tap += tileRows) {
          const size = { rows: Math.min(tileRows, kernelSize[1] - tap), vectors };
          const steps = {
            tapStep: dilation[1] * pixelBytes,
            aStep: plan.columns.positionStep * pixelBytes,
            bStep: pixelBytes,
          };
          tile.load(size, sum, 16 * vectors);
          f.set(from, i32.add(aRow, tap * steps.tapStep));
          f.set(other, bPanel);
          repeat(f, rows, () => {
            f.set(a, from);
            f.set(b, other);
            tile.addPixels(size, a, b, outSize[1], steps);
            f.increment(from, plan.rows.positionStep * stripRowBytes(plan));
            f.increment(other, gradientRow);
          });
          tile.store(size, sum, 16 * vectors);
          f.increment(sum, 16 * vectors * size.rows);
        }
        f.increment(aRow, dilation[0] * stripRowBytes(plan));
      });
    });
  };
  forEachBand(f, plan, f.parameters, (imageIndex, bandIndex) => {
    f.set(image, i32.add(source, i32.mul(imageIndex, plan.imageBytes)));
    emitStrip(f, plan, strip, image, bandIndex, rowTable, scratch);
    f.set(band, i32.add(gradient, i32.mul(imageIndex, outSize[0] * gradientRow)));
    f.increment(band, i32.mul(bandIndex, bands.rows * gradientRow));
    withBandRows(f, plan, outSize[0], bandIndex, emitBand);
  });
}

function emitTotal(
  f: KernelFunction<"sums" | "weightGradient">,
  threads: number,
  panels: Panels,
  sumsStride: number,
): void {
  const { columns, depth, fullVectors } = panels;
  const { sums, weightGradient } = f.parameters;
  const channel = f.i32(), panel = f.i32(), from = f.i32(), to = f.i32();
  const width = 4 * fullVectors;
  const add = (channels: number, first: number) => {
    const step = panelOffset(panels, 1, first) - panelOffset(panels, 0, first);
    f.loopAtLeastOnce(channel, 0, channels, 1, () => {
      f.set(from, i32.add(panel, i32.mul(channel, 4)));
      repeat(f, depth, () => {
        const terms = Array.from({ length: threads }, (_, t) => f32.load(from, t * sumsStride));
        f.emit(f32.store(to, terms.reduce((total, term) => f32.add(total, term))));
        f.increment(from, step);
        f.increment(to, 4);
      });
    });
  };
  const full = Math.floor(columns / width);
  f.set(panel, sums);
  f.set(to, weightGradient);
  repeat(f, full, () => {
    add(width, 0);
    f.increment(panel, panels.fullBytes);
  });
  if (columns % width > 0) add(columns % width, full * width);
}
