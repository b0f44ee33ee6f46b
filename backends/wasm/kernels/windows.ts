/**
 * Kernels that compute each pixel of a channels-last image from a window of pixels of another:
 * pools, and the gradient of average pools. Items are the rows of pixels computed; channels are
 * processed a block of vectors at a time, so that the loop over a window runs once per block.
 */
import type { Pair } from "../../../ops/convolution_geometry.ts";
import { i32, type Local, type Target, type WideVectors, widths } from "../../../assembler/mod.ts";
import type { KernelFunction, Lowering, Ref } from "../kernel.ts";

/** The pixels of a window along an axis: `count` from `first` on. */
export interface AxisWindow {
  readonly first: number;
  readonly count: number;
}

/** Which pixels are computed from which others. */
export interface WindowWalk {
  /** Channels stored per pixel. */
  readonly paddedChannels: number;
  /** Height and width of the result. */
  readonly outSize: Pair;
  /** Height and width of the source. */
  readonly inSize: Pair;
  /** Distance between the rows, and between the columns, of a window. */
  readonly step: Pair;
}

/** Table of the windows of an axis, as a kernel reads it. */
export function windowTable(lowering: Lowering, windows: readonly AxisWindow[]): Ref {
  return lowering.table(Int32Array.from(windows.flatMap(({ first, count }) => [first, count])));
}

/** The pixel being computed. */
export interface WindowPixel {
  readonly row: Local<"i32">;
  readonly column: Local<"i32">;
  /** Byte of the block's first channel from the start of the result. */
  readonly place: Local<"i32">;
  /** Row and column of the window's first pixel. */
  readonly firstRow: Local<"i32">;
  readonly firstColumn: Local<"i32">;
}

export interface WindowTap {
  readonly row: Local<"i32">;
  readonly column: Local<"i32">;
  /** Byte of the block's first channel from the start of the source. */
  readonly place: Local<"i32">;
}

/** The code for a block of `count` vectors of channels. */
export interface WindowBlock {
  begin(pixel: WindowPixel): void;
  tap(tap: WindowTap): void;
  end(pixel: WindowPixel): void;
}

/** Maximum vectors of a block. Bench: `deno task kernel globalAvgPool2d --shape 32x256x28x28`. */
const BLOCK = 4;

/**
 * Writes the kernel. Parameters `rows` and `columns` are the tables of the windows.
 *
 * @param block Makes the code for blocks of `count` vectors.
 */
export function walkWindows(
  f: KernelFunction<string>,
  target: Target,
  { paddedChannels, outSize, inSize, step }: WindowWalk,
  block: (v: WideVectors, count: number) => WindowBlock,
): void {
  const unit = f.i32(), image = f.i32(), row = f.i32(), column = f.i32();
  const rowCount = f.i32(), columnCount = f.i32(), firstRow = f.i32(), firstColumn = f.i32();
  const offset = f.i32(), out = f.i32(), place = f.i32();
  const [outHeight, outWidth] = outSize;
  const [inHeight, inWidth] = inSize;
  const pixelBytes = 4 * paddedChannels;
  const { first, end } = f.parameters;

  const readWindow = (
    table: Local<"i32">,
    position: Local<"i32">,
    first: Local<"i32">,
    count: Local<"i32">,
  ) => {
    f.set(place, i32.add(table, i32.mul(position, 8)));
    f.set(first, i32.load(place));
    f.set(count, i32.load(place, 4));
  };
  const oneBlock = (v: WideVectors, count: number) => {
    const { begin, tap, end } = block(v, count);
    const pixel = { row, column, place: out, firstRow, firstColumn };
    const tapRow = f.i32(), tapColumn = f.i32(), tapPlace = f.i32();
    const rowEnd = f.i32(), columnEnd = f.i32();
    f.set(out, i32.add(i32.mul(i32.add(i32.mul(unit, outWidth), column), pixelBytes), offset));
    f.set(rowEnd, i32.add(firstRow, i32.mul(rowCount, step[0])));
    f.set(columnEnd, i32.add(firstColumn, i32.mul(columnCount, step[1])));
    begin(pixel);
    f.loop(tapRow, firstRow, rowEnd, step[0], () => {
      const line = i32.add(i32.mul(image, inHeight), tapRow);
      const start = i32.add(i32.mul(line, inWidth), firstColumn);
      f.set(tapPlace, i32.add(i32.mul(start, pixelBytes), offset));
      f.loop(tapColumn, firstColumn, columnEnd, step[1], () => {
        tap({ row: tapRow, column: tapColumn, place: tapPlace });
        f.increment(tapPlace, step[1] * pixelBytes);
      });
    });
    end(pixel);
  };

  const forms = widths(f, target);
  const [wide] = forms;
  const blockBytes = BLOCK * wide.bytes;
  const whole = Math.floor(pixelBytes / blockBytes) * blockBytes;
  f.loop(unit, first, end, 1, () => {
    f.set(image, i32.divU(unit, outHeight));
    f.set(row, i32.remU(unit, outHeight));
    readWindow(f.parameters.rows, row, firstRow, rowCount);
    f.loopAtLeastOnce(column, 0, outWidth, 1, () => {
      readWindow(f.parameters.columns, column, firstColumn, columnCount);
      if (whole > 0) f.loopAtLeastOnce(offset, 0, whole, blockBytes, () => oneBlock(wide, BLOCK));
      f.set(offset, whole);
      let rest = pixelBytes - whole;
      for (const v of forms) {
        const count = Math.floor(rest / v.bytes);
        if (count === 0) continue;
        oneBlock(v, count);
        f.increment(offset, count * v.bytes);
        rest -= count * v.bytes;
      }
    });
  });
}
