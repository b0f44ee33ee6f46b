/**
 * The input gradient of a convolution that pads by copying pixels: gradients are computed for the
 * padded image, then each pixel adds up those of its copies.
 */
import { type ConvolutionGeometry, sourceIndex } from "../../../ops/convolution_geometry.ts";
import type { Lowering, Ref } from "../kernel.ts";
import wgsl from "./conv2d_fold_padding.wgsl" with { type: "text" };
import { paddedChannels } from "./packed_weight.ts";

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

/** Adds the dispatch that sums the copies of every pixel. */
export function addPaddingGradients(
  geometry: ConvolutionGeometry,
  padded: Ref,
  result: Ref,
  lowering: Lowering,
): void {
  const { batch, inChannels, inSize, padding } = geometry;
  const vectors = paddedChannels(inChannels) / 4;
  const rows = copiesOf(geometry, 0), columns = copiesOf(geometry, 1);
  lowering.eachItem({
    name: "addPaddingGradients",
    operands: {
      ...lowering.reads("vec4<f32>", { padded }),
      ...lowering.reads("i32", { rows: lowering.table(rows), columns: lowering.table(columns) }),
      ...lowering.writes("vec4<f32>", { result }),
    },
    items: batch * inSize[0] * inSize[1] * vectors,
    constants: {
      VECTORS: vectors,
      HEIGHT: inSize[0],
      WIDTH: inSize[1],
      PADDED_HEIGHT: inSize[0] + 2 * padding[0],
      PADDED_WIDTH: inSize[1] + 2 * padding[1],
    },
    wgsl,
  });
}

/**
 * The padded rows (axis 0) or columns that are copies of each of the image's: first where each list
 * begins, one more for the last one's end, then the lists.
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
