/** The correlation kernel: forward convolution and input gradient, from strips and packed kernels. */

import {
  type AnyFunction,
  f32x4,
  i32,
  type Local,
  type Target,
  v128,
} from "../../../assembler/mod.ts";
import type { Activation } from "../epilogues.ts";
import type { KernelFunction } from "../kernel.ts";
import { ActivationCode } from "./activation_code.ts";
import type { StripComponent } from "./conv2d_plan.ts";
import {
  emitStrip,
  forEachBand,
  type StripPlan,
  stripRowBytes,
  withBandRows,
} from "./conv2d_strip.ts";
import { DepthwiseTile } from "./depthwise_tile.ts";
import { GemmTile, type ReductionWindow } from "./gemm_tile.ts";
import { repeat } from "./loops.ts";
import { forEachPanel, panelsOf } from "./panels.ts";
import { forTileRows } from "./register_tile.ts";

/** Correlations of a strip with every pair of a row component and a column component. */
export interface Correlation {
  readonly strip: StripPlan;
  readonly groups: number;
  /** Channels of the source from one group to the next. */
  readonly groupChannels: number;
  /**
   * Floats of a pixel that a group reduces over: its channels; the whole pixel of a single group.
   */
  readonly run: number;
  /** Floats of every four of a run that are channels. */
  readonly lanes: number;
  /** Channels of the result per group. */
  readonly groupResults: number;
  /** Bytes of a pixel, a row and an image of the result. */
  readonly resultPixelBytes: number;
  readonly resultRowBytes: number;
  readonly resultImageBytes: number;
  /** Whether a bias is added. */
  readonly bias: boolean;
  /** What is applied to results, and whether a residual is added before. */
  readonly activation?: Activation;
  readonly residual: boolean;
  /**
   * Whether each channel of the result is a correlation of the source's channel of the same number.
   * There are no groups then, and `run` is 1: a panel holds one float per channel for every tap.
   */
  readonly depthwise: boolean;
  readonly images: number;
  /**
   * Parts into which the result's channels are split, each of whole panels; 1 if there are groups.
   * Items are the bands of all images for the first part, then those for the next.
   */
  readonly parts: number;
}

/**
 * Parameters of the kernel; `rows` is the table of row sources, `bias` and `residual` are read if
 * there is one.
 */
export type CorrelationParameter =
  | "source"
  | "panels"
  | "bias"
  | "residual"
  | "result"
  | "rows"
  | "scratch";

/** The pairs of components, in the order in which their packed kernels follow one another. */
export function componentPairs(
  { rows, columns }: StripPlan,
): [row: StripComponent, column: StripComponent][] {
  return rows.components.flatMap((row) =>
    columns.components.map((column): [StripComponent, StripComponent] => [row, column])
  );
}

/** Writes the kernel. `scratchStride` is the bytes between the threads' scratch. */
export function emitCorrelation(
  f: KernelFunction<CorrelationParameter>,
  target: Target,
  correlation: Correlation,
  scratchStride: number,
): void {
  const { strip: plan, groups, run, groupResults, images, parts } = correlation;
  const { source, panels, bias, residual, result, rows: rowTable, scratch, thread } = f.parameters;
  const { depthwise } = correlation;
  const tile = depthwise ? new DepthwiseTile(f, target) : new GemmTile(f, target);
  const activation = correlation.activation && new ActivationCode(correlation.activation);
  const image = f.i32(), strip = f.i32(), resultImage = f.i32(), packed = f.i32();
  const part = f.i32(), biasPart = f.i32();
  f.increment(scratch, i32.mul(thread, scratchStride));
  // From a result to its residual.
  if (correlation.residual) f.set(residual, i32.sub(residual, result));
  forEachBand(f, plan, f.parameters, (imageIndex, band) => {
    if (parts > 1) {
      f.set(part, i32.divU(imageIndex, images));
      f.increment(imageIndex, i32.mul(part, -images));
    }
    const partBytes = 4 * groupResults / parts;
    f.set(biasPart, i32.add(bias, i32.mul(part, partBytes)));
    f.set(image, i32.add(source, i32.mul(imageIndex, plan.imageBytes)));
    f.set(resultImage, i32.add(result, i32.mul(imageIndex, correlation.resultImageBytes)));
    f.increment(resultImage, i32.mul(part, partBytes));
    emitStrip(f, plan, strip, image, band, rowTable, scratch);
    let offset = 0;
    for (const [row, column] of componentPairs(plan)) {
      const { bytes } = panelsOf(target, row.taps * column.taps * run, groupResults);
      withBandRows(f, plan, row.positions, band, (rows) => {
        const first = row.firstResult * correlation.resultRowBytes +
          column.firstResult * correlation.resultPixelBytes;
        const bandBytes = plan.bands.rows * row.resultStep * correlation.resultRowBytes;
        const to = f.i32();
        f.set(to, i32.add(resultImage, i32.add(i32.mul(band, bandBytes), first)));
        f.set(packed, i32.add(i32.add(panels, offset), i32.mul(part, bytes / parts)));
        const context = { f, target, tile, correlation, row, column, rows, residual, activation };
        emitComponentPair(context, strip, packed, biasPart, to);
      });
      offset += groups * bytes;
    }
  });
}

interface PairContext {
  readonly f: AnyFunction;
  readonly target: Target;
  readonly tile: GemmTile | DepthwiseTile;
  readonly correlation: Correlation;
  readonly row: StripComponent;
  readonly column: StripComponent;
  /** Rows of positions to compute, at least one. */
  readonly rows: Local<"i32">;
  /** Bytes from a result to its residual, if there is one. */
  readonly residual: Local<"i32">;
  readonly activation?: ActivationCode;
}

/** Writes the work on one pair of components in one band: all groups, all panels. */
function emitComponentPair(
  context: PairContext,
  strip: Local<"i32">,
  panel: Local<"i32">,
  bias: Local<"i32">,
  result: Local<"i32">,
): void {
  const { f, target, correlation, row, column } = context;
  const { strip: plan, groups, groupChannels, groupResults, run, resultPixelBytes } = correlation;
  const panels = panelsOf(target, row.taps * column.taps * run, groupResults / correlation.parts);
  const from = f.i32(), to = f.i32(), toGroup = f.i32();
  const biasColumn = f.i32(), biasGroup = f.i32();
  f.set(from, strip);
  f.increment(
    from,
    row.firstPlace * stripRowBytes(plan) + column.firstPlace * plan.pixelBytes,
  );
  f.set(toGroup, result);
  f.set(biasGroup, bias);
  // Groups that end inside a vector store only their own lanes, so the padding is cleared here.
  const ragged = groups > 1 && groups * groupResults * 4 < resultPixelBytes;
  if (ragged) clearPadding(context, result);
  repeat(f, groups, () => {
    f.set(to, toGroup);
    f.set(biasColumn, biasGroup);
    const across = correlation.depthwise ? [to, biasColumn, from] : [to, biasColumn];
    forEachPanel(f, panels, across, (vectors, lanes) => {
      emitRows(context, vectors, lanes, from, panel, biasColumn, to);
      f.increment(panel, 16 * vectors * panels.depth);
    });
    f.increment(from, 4 * groupChannels);
    f.increment(toGroup, 4 * groupResults);
    f.increment(biasGroup, 4 * groupResults);
  });
}

/** Writes the loop over the positions of one panel. */
function emitRows(
  { f, target, tile, correlation, row, column, rows, residual, activation }: PairContext,
  vectors: number,
  lanes: number,
  from: Local<"i32">,
  panel: Local<"i32">,
  bias: Local<"i32">,
  to: Local<"i32">,
): void {
  const { strip, groups, run, resultPixelBytes, resultRowBytes } = correlation;
  const rowBytes = stripRowBytes(strip);
  const pitch = strip.columns.positionStep * strip.pixelBytes;
  const resultPitch = column.resultStep * resultPixelBytes;
  const window: ReductionWindow = {
    rows: column.taps > 0 ? row.taps : 0,
    rowStep: row.placeStep * rowBytes,
    columns: column.taps,
    columnStep: column.placeStep * strip.pixelBytes,
    run,
    lanes: correlation.lanes,
  };
  const a = f.i32(), c = f.i32(), aRow = f.i32(), cRow = f.i32(), added = f.i32();
  const emitTile = (count: number) => {
    const size = { rows: count, vectors, lanes };
    if (correlation.bias) tile.loadRow(size, bias);
    else tile.clear(size);
    tile.addRows(size, a, pitch, window, panel);
    if (correlation.residual) f.set(added, i32.add(c, residual));
    if (activation) {
      tile.activate(size, activation, correlation.residual ? added : undefined, resultPitch);
    }
    tile.store(size, c, resultPitch, { whole: groups === 1 });
  };
  f.set(aRow, from);
  f.set(cRow, to);
  repeat(f, rows, () => {
    f.set(a, aRow);
    f.set(c, cRow);
    forTileRows(f, target, column.positions, (count) => {
      emitTile(count);
      f.increment(a, count * pitch);
      f.increment(c, count * resultPitch);
    });
    f.increment(aRow, strip.rows.positionStep * rowBytes);
    f.increment(cRow, row.resultStep * resultRowBytes);
  });
}

/** Writes zeros to the last vector of every result pixel. */
function clearPadding(
  { f, correlation, row, column, rows }: PairContext,
  result: Local<"i32">,
): void {
  const { resultPixelBytes, resultRowBytes } = correlation;
  const pixel = f.i32(), start = f.i32();
  const step = column.resultStep * resultPixelBytes;
  f.set(start, result);
  repeat(f, rows, () => {
    f.set(pixel, start);
    repeat(f, column.positions, () => {
      f.emit(v128.store(pixel, f32x4.constant(0), resultPixelBytes - 16));
      f.increment(pixel, step);
    });
    f.increment(start, row.resultStep * resultRowBytes);
  });
}
