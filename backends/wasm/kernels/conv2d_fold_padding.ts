/**
 * The input gradient under padding that repeats the image (reflect, replicate, circular): the
 * gradient by the padded image, whose padding is then added to the pixels that it repeats.
 */

import { f32x4, i32, memory, v128 } from "../../../assembler/mod.ts";
import { type ConvolutionGeometry, sourceIndex } from "../../../ops/convolution_geometry.ts";
import type { KernelFunction, Lowering } from "../kernel.ts";
import type { Image } from "./image.ts";
import { repeat } from "./loops.ts";

/**
 * Adds the launches.
 *
 * @param result where the gradient goes
 * @param lower adds the gradient by an image that is already padded
 */
export function foldPadding(
  lowering: Lowering,
  geometry: ConvolutionGeometry,
  result: Image,
  lower: (padded: ConvolutionGeometry, result: Image) => void,
): void {
  const { batch, padding } = geometry;
  const height = result.height + 2 * padding[0], width = result.width + 2 * padding[1];
  const ref = lowering.scratch(batch * height * width * result.pixelBytes);
  lower(
    { ...geometry, inSize: [height, width], padding: [0, 0], paddingMode: "zeros" },
    { ...result, ref, height, width },
  );
  const unstrided: ConvolutionGeometry = { ...geometry, stride: [1, 1], dilation: [1, 1] };
  const table = (axis: 0 | 1, length: number, step: number) =>
    lowering.table(
      Int32Array.from({ length }, (_, place) => step * sourceIndex(unstrided, axis, place, 0)),
    );
  lowering.launch({
    kernel: `fold padding ${
      JSON.stringify([height, width, result.height, result.width, result.pixelBytes])
    }`,
    build: (f) => emitFold(f, height, width, result),
    args: {
      padded: ref,
      result: result.ref,
      rows: table(0, height, result.width * result.pixelBytes),
      columns: table(1, width, result.pixelBytes),
    },
    writes: ["result"],
    items: batch,
    images: { count: batch, operands: ["padded", "result"] },
    detail: "fold the padding",
  });
}

/** Writes the fold; the tables give byte offsets into the image. */
function emitFold(
  f: KernelFunction<"padded" | "result" | "rows" | "columns">,
  height: number,
  width: number,
  result: Omit<Image, "ref">,
): void {
  const { padded, rows, columns, first, end } = f.parameters;
  const imageBytes = result.height * result.width * result.pixelBytes;
  const image = f.i32(), from = f.i32(), to = f.i32(), into = f.i32(), row = f.i32();
  const rowAt = f.i32(), columnAt = f.i32();
  f.loop(image, first, end, 1, () => {
    f.set(into, i32.add(f.parameters.result, i32.mul(image, imageBytes)));
    f.set(from, i32.add(padded, i32.mul(image, height * width * result.pixelBytes)));
    f.emit(memory.fill(into, 0, imageBytes));
    f.set(rowAt, rows);
    repeat(f, height, () => {
      f.set(row, i32.add(into, i32.load(rowAt)));
      f.set(columnAt, columns);
      repeat(f, width, () => {
        f.set(to, i32.add(row, i32.load(columnAt)));
        repeat(f, result.pixelBytes / 16, () => {
          f.emit(v128.store(to, f32x4.add(v128.load(to), v128.load(from))));
          f.increment(to, 16);
          f.increment(from, 16);
        });
        f.increment(columnAt, 4);
      });
      f.increment(rowAt, 4);
    });
  });
}
