/** A convolution's kernel in the order that its products read it in. */
import type { Value } from "../../../graph/types.ts";
import type { ConvolutionGeometry } from "../../../ops/convolution_geometry.ts";
import { type Lowering, POOLED_BYTES, type Ref } from "../kernel.ts";
import wgsl from "./packed_weight.wgsl" with { type: "text" };

/** Channels rounded up to whole vectors. */
export function paddedChannels(channels: number): number {
  return Math.ceil(channels / 4) * 4;
}

/**
 * The kernel as the products read it: [kH·kW, I/groups, O], both channel counts padded with zeros to
 * whole vectors.
 */
export function packWeight(
  geometry: ConvolutionGeometry,
  weight: Value,
  lowering: Lowering,
): Ref {
  const { groups, inChannels, outChannels, kernelSize } = geometry;
  const taps = kernelSize[0] * kernelSize[1];
  const groupIn = inChannels / groups;
  const groupInPadded = paddedChannels(groupIn);
  const outPadded = paddedChannels(outChannels);
  const elements = taps * groupInPadded * outPadded;
  const packed = lowering.pooled(4 * elements, "packed weights");
  lowering.eachItem({
    name: "packWeight",
    operands: { ...lowering.reads("f32", { weight }), ...lowering.writes("f32", { packed }) },
    items: elements,
    small: 4 * elements <= POOLED_BYTES,
    constants: {
      TAPS: taps,
      IN: groupIn,
      IN_PADDED: groupInPadded,
      OUT: outChannels,
      OUT_PADDED: outPadded,
    },
    wgsl,
  });
  return packed;
}
