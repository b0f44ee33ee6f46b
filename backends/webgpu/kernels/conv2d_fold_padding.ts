/**
 * The input gradient of a convolution that pads with copies of pixels: gradients are computed for
 * the padded image, then the gradients of every pixel's copies are added up.
 */
import { type ConvolutionGeometry, sourceIndex } from "../../../ops/convolution_geometry.ts";
import type { Lowering, Ref } from "../kernel.ts";
import wgsl from "./conv2d_fold_padding.wgsl" with { type: "text" };
import { paddedChannels } from "./convolution.ts";
import { eachPixel } from "./pixels.ts";

/** The same convolution over the padded image, and the bytes of that image's gradient. */
export function paddedGeometry(
  geometry: ConvolutionGeometry,
): { geometry: ConvolutionGeometry; bytes: number } {
  const { inSize, padding, batch, inChannels } = geometry;
  const size = [inSize[0] + 2 * padding[0], inSize[1] + 2 * padding[1]] as const;
  return {
    geometry: { ...geometry, inSize: size, padding: [0, 0], paddingMode: "zeros" },
    bytes: 4 * batch * size[0] * size[1] * paddedChannels(inChannels),
  };
}

/** Adds the dispatch that sums the gradients of every pixel's copies. */
export function addPaddingGradients(
  geometry: ConvolutionGeometry,
  padded: Ref,
  result: Ref,
  lowering: Lowering,
): void {
  const { batch, inChannels, inSize: [height, width], padding } = geometry;
  const rows = copiesOf(geometry, 0), columns = copiesOf(geometry, 1);
  const paddedSize = [height + 2 * padding[0], width + 2 * padding[1]] as const;
  eachPixel([batch, inChannels, height, width], paddedSize, {
    name: "addPaddingGradients",
    reads: {
      "vec4<f32>": { padded },
      i32: { rows: lowering.table(rows), columns: lowering.table(columns) },
    },
    writes: { "vec4<f32>": { result } },
    wgsl: [wgsl],
  }, lowering);
}

/**
 * For each row (axis 0) or column of the image, the list of its copies in the padded image: first
 * where each list begins, then the last one's end, then the lists.
 */
function copiesOf(geometry: ConvolutionGeometry, axis: 0 | 1): Int32Array<ArrayBuffer> {
  const size = geometry.inSize[axis];
  const unstrided: ConvolutionGeometry = { ...geometry, stride: [1, 1], dilation: [1, 1] };
  const copies: number[][] = Array.from({ length: size }, () => []);
  for (let place = 0; place < size + 2 * geometry.padding[axis]; place++) {
    copies[sourceIndex(unstrided, axis, place, 0)].push(place);
  }
  const starts: number[] = [size + 1];
  copies.forEach((list) => starts.push(starts[starts.length - 1] + list.length));
  return Int32Array.from([...starts, ...copies.flat()]);
}
