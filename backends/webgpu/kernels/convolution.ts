/** Constants and WGSL that the kernels of convolutions share. */
import type { Value } from "../../../graph/types.ts";
import type { ConvolutionGeometry } from "../../../ops/convolution_geometry.ts";
import type { AxisComponent } from "../../../ops/polyphase.ts";
import { type Constants, type Lowering, POOLED_BYTES, type Ref } from "../kernel.ts";
import { pairConstants } from "../wgsl.ts";
import image from "./convolution.wgsl" with { type: "text" };
import vector from "./source_vector.wgsl" with { type: "text" };

/** Channels rounded up to whole vectors. */
export function paddedChannels(channels: number): number {
  return Math.ceil(channels / 4) * 4;
}

/** Channels per group of the input and of the output, padded if there is one group. */
export function groupChannels(
  { groups, inChannels, outChannels }: ConvolutionGeometry,
): { groupIn: number; groupOut: number } {
  const perGroup = (channels: number) =>
    (groups === 1 ? paddedChannels(channels) : channels) / groups;
  return { groupIn: perGroup(inChannels), groupOut: perGroup(outChannels) };
}

/** The constants of a kernel that reads the input, or the gradient of the output. */
export function convolutionConstants(
  geometry: ConvolutionGeometry,
  isForward: boolean,
): Constants {
  const { inSize, outSize, inChannels, outChannels, kernelSize } = geometry;
  const { groupIn, groupOut } = groupChannels(geometry);
  const input = { size: inSize, vectors: paddedChannels(inChannels) / 4, group: groupIn };
  const output = { size: outSize, vectors: paddedChannels(outChannels) / 4, group: groupOut };
  const [source, result] = isForward ? [input, output] : [output, input];
  return {
    IS_FORWARD: isForward,
    BATCH: geometry.batch,
    GROUPS: geometry.groups,
    GROUP_IN: groupIn,
    GROUP_OUT: groupOut,
    GROUP_SOURCE: source.group,
    GROUP_RESULT: result.group,
    SOURCE_HEIGHT: source.size[0],
    SOURCE_WIDTH: source.size[1],
    SOURCE_VECTORS: source.vectors,
    RESULT_HEIGHT: result.size[0],
    RESULT_WIDTH: result.size[1],
    RESULT_VECTORS: result.vectors,
    WEIGHT_VECTORS: output.vectors,
    KERNEL_HEIGHT: kernelSize[0],
    KERNEL_WIDTH: kernelSize[1],
    ...pairConstants("STRIDE", geometry.stride),
    ...pairConstants("PADDING", geometry.padding),
    ...pairConstants("DILATION", geometry.dilation),
  };
}

/** The fields of two axes' components as constants, such as `FIRST_TAP_Y` and `FIRST_TAP_X`. */
export function axisConstants(row: AxisComponent, column: AxisComponent): Constants {
  const fields = Object.keys(row) as (keyof AxisComponent)[];
  return Object.assign(
    {},
    ...fields.map((field) => {
      const name = field.replace(/[A-Z]/g, "_$&").toUpperCase();
      return pairConstants(name, [row[field], column[field]]);
    }),
  );
}

/** Functions `borderAt(i, size)`: the row or column that a position beyond the border copies. */
const BORDERS: Readonly<Record<ConvolutionGeometry["paddingMode"], string>> = {
  zeros: `
fn borderAt(i: i32, size: i32) -> i32 { return i; }`,
  replicate: `
fn borderAt(i: i32, size: i32) -> i32 { return clamp(i, 0, size - 1); }`,
  reflect: `
fn borderAt(i: i32, size: i32) -> i32 {
  return select(select(i, -i, i < 0), 2 * (size - 1) - i, i > size - 1);
}`,
  circular: `
fn borderAt(i: i32, size: i32) -> i32 { return (i + size) % size; }`,
};

/** WGSL that reads a convolution's source; the gradient of an output has no padding but zeros. */
export function sourceImage({ paddingMode }: ConvolutionGeometry, isForward: boolean): string {
  return `${BORDERS[isForward ? paddingMode : "zeros"]}\n${image}`;
}

/** {@link sourceImage} of a source that is read as vectors, with a function that reads one. */
export function sourceVectors(geometry: ConvolutionGeometry, isForward: boolean): string {
  return `${sourceImage(geometry, isForward)}\n${vector}`;
}

/** The kernel in the order [kH·kW, I/groups, O], channels padded with zeros to whole vectors. */
export function packWeight(geometry: ConvolutionGeometry, weight: Value, lowering: Lowering): Ref {
  return lowering.derived(weight, "packed", () => {
    const { groups, inChannels, outChannels, kernelSize: [height, width] } = geometry;
    const { groupIn } = groupChannels(geometry);
    const elements = height * width * groupIn * paddedChannels(outChannels);
    const packed = lowering.pooled(4 * elements, "packed weights");
    lowering.eachItem({
      name: "packWeight",
      reads: { f32: { weight } },
      writes: { f32: { packed } },
      items: elements,
      small: 4 * elements <= POOLED_BYTES,
      constants: {
        TAPS: height * width,
        IN: inChannels / groups,
        IN_PADDED: groupIn,
        OUT: outChannels,
        OUT_PADDED: paddedChannels(outChannels),
      },
      wgsl: `
fn item(i: u32) {
  let o = i % OUT_PADDED;
  let c = i / OUT_PADDED % IN_PADDED;
  let tap = i / (OUT_PADDED * IN_PADDED);
  var value = 0.0f;
  if (o < OUT && c < IN) { value = weight((o * IN + c) * TAPS + tap); }
  storePacked(i, value);
}`,
    });
    return packed;
  });
}
