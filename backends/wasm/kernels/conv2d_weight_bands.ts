/**
 * The weight gradient of one band: for every tap and channel, the strip's pixels that the tap meets
 * times the output gradients, added to sums [tap][channel][output channel].
 */

import type { ConvolutionGeometry } from "../../../ops/convolution_geometry.ts";
import { type AnyFunction, i32, type Local, type Target, v128 } from "../../../assembler/mod.ts";
import { type StripPlan, stripRowBytes } from "./conv2d_strip.ts";
import type { GemmTile, OuterSteps } from "./gemm_tile.ts";
import { repeat } from "./loops.ts";
import { forEachPanel, panelsOf } from "./panels.ts";
import { forTileRows } from "./register_tile.ts";

/** How a weight gradient is summed directly. */
export interface WeightGradientPlan {
  readonly geometry: ConvolutionGeometry;
  /** Whether bands are packed before they are summed over; see {@link emitPackedBand}. */
  readonly packed: boolean;
  readonly strip: StripPlan;
  readonly groupIn: number;
  readonly groupOut: number;
  /** Floats of a pixel that meet a tap: the group's channels, or the whole pixel of the only one. */
  readonly run: number;
  readonly gradientPixelBytes: number;
  /** Bytes of a row of the sums: the output channels that meet one channel at one tap. */
  readonly rowBytes: number;
  /** Bytes of a thread's sums. */
  readonly bytes: number;
}

/** The current band, in locals of the kernel. */
export interface Band {
  /** Rows of output gradients, at least one. */
  readonly rows: Local<"i32">;
  /** Addresses of the strip, of the first output gradient and of the sums. */
  readonly strip: Local<"i32">;
  readonly gradient: Local<"i32">;
  readonly sums: Local<"i32">;
}

/** Writes the code that adds one band to the sums. */
export function emitBand(
  f: AnyFunction,
  target: Target,
  tile: GemmTile,
  plan: WeightGradientPlan,
  { rows, strip, gradient, sums }: Band,
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
  // Adjacent taps are one longer run of channels.
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
      const size = { rows: count, vectors, lanes: groups === 1 ? 4 : lanes };
      tile.load(size, c, rowBytes);
      tile.addOuterProducts(size, a, b, steps);
      tile.store(size, c, rowBytes, { whole: true });
    });
    f.increment(a, 4 * count);
    f.increment(sum, count * rowBytes);
  };
  f.set(sum, sums);
  f.set(aGroup, strip);
  f.set(bGroup, gradient);
  repeat(f, groups, () => {
    f.set(aRow, aGroup);
    repeat(f, kernelSize[0], () => {
      f.set(aRun, aRow);
      repeat(f, runs, () => {
        f.set(a, aRun);
        forTileRows(f, target, run, emitTile);
        f.increment(aRun, dilation[1] * pixelBytes);
      });
      f.increment(aRow, dilation[0] * stripRow);
    });
    f.increment(aGroup, 4 * groupIn);
    f.increment(bGroup, 4 * groupOut);
  });
}

/** Channels packed at a time. Bench: `bench/layers.ts --only 8x1024`. */
const BLOCK = 16;

/** Bytes a packed band takes. */
export function packBytes(target: Target, plan: WeightGradientPlan): number {
  return mostPixels(plan) * (4 * BLOCK + panelsOf(target, 1, plan.groupOut).bytes);
}

function mostPixels({ geometry, strip }: WeightGradientPlan): number {
  return strip.bands.rows * geometry.outSize[1];
}

/**
 * {@link emitBand} for layers without groups whose sums exceed the cache: it walks them only once
 * for many pixels. Pixels of many channels are so far apart that they would share few cache sets,
 * so the output gradients are packed panel by panel, and the pixels a few channels at a time.
 */
export function emitPackedBand(
  f: AnyFunction,
  target: Target,
  tile: GemmTile,
  plan: WeightGradientPlan,
  { rows: bandRows, strip, gradient, sums }: Band,
  pack: Local<"i32">,
): void {
  const { geometry: { outSize, kernelSize, dilation }, groupOut, rowBytes, run } = plan;
  const { pixelBytes, rows: rowPlan, columns: columnPlan } = plan.strip;
  const columns = outSize[1];
  const stripRow = stripRowBytes(plan.strip);
  const panels = panelsOf(target, 0, groupOut);
  const from = f.i32(), packed = f.i32(), sum = f.i32(), c = f.i32();
  const a = f.i32(), aRow = f.i32(), aTap = f.i32(), b = f.i32(), bFirst = f.i32();

  const copy = (pixel: number, row: number, to: Local<"i32">, vectors: number) =>
    repeat(f, bandRows, () => {
      repeat(f, columns, () => {
        for (let j = 0; j < vectors; j++) {
          f.emit(v128.store(to, v128.load(from, 16 * j), 16 * j));
        }
        f.increment(from, pixel);
        f.increment(to, 16 * vectors);
      });
      f.increment(from, row - columns * pixel);
    });

  const emitBlock = (channels: number) => {
    f.set(from, aTap);
    f.set(packed, pack);
    copy(
      columnPlan.positionStep * pixelBytes,
      rowPlan.positionStep * stripRow,
      packed,
      channels / 4,
    );
    f.set(a, pack);
    forTileRows(f, target, channels, (rows) => {
      f.set(b, bFirst);
      f.set(c, sum);
      forEachPanel(f, panels, [c], (vectors) => {
        const size = { rows, vectors };
        const aStep = 4 * channels, bStep = 16 * vectors;
        tile.load(size, c, rowBytes);
        tile.addOuterProducts(size, a, b, {
          rows: bandRows,
          columns,
          aStep,
          bStep,
          aRowStep: columns * aStep,
          bRowStep: columns * bStep,
        });
        tile.store(size, c, rowBytes);
        f.increment(b, mostPixels(plan) * bStep);
      });
      f.increment(a, 4 * rows);
      f.increment(sum, rows * rowBytes);
    });
    f.increment(aTap, 4 * channels);
  };

  f.set(bFirst, i32.add(pack, mostPixels(plan) * 4 * BLOCK));
  f.set(b, bFirst);
  f.set(c, gradient);
  forEachPanel(f, panels, [c], (vectors) => {
    f.set(from, c);
    f.set(packed, b);
    copy(plan.gradientPixelBytes, columns * plan.gradientPixelBytes, packed, vectors);
    f.increment(b, mostPixels(plan) * 16 * vectors);
  });
  f.set(sum, sums);
  f.set(aRow, strip);
  repeat(f, kernelSize[0], () => {
    const tap = f.i32();
    f.set(tap, aRow);
    repeat(f, kernelSize[1], () => {
      f.set(aTap, tap);
      repeat(f, Math.floor(run / BLOCK), () => emitBlock(BLOCK));
      if (run % BLOCK > 0) emitBlock(run % BLOCK);
      f.increment(tap, dilation[1] * pixelBytes);
    });
    f.increment(aRow, dilation[0] * stripRow);
  });
}
