/** Shapes of convolutions. */
import type { Shape } from "../../graph/types.ts";
import { type ConvolutionAttributes, convolutionGeometry } from "../../ops/convolution_geometry.ts";

/** A convolution of an input [N, C, H, W] with a kernel [out, in/groups, kh, kw]. */
export interface Convolution {
  readonly input: Shape;
  readonly weight: Shape;
  readonly attributes: ConvolutionAttributes;
}

const ORDINARY: ConvolutionAttributes = {
  stride: [1, 1],
  padding: [1, 1],
  dilation: [1, 1],
  groups: 1,
  paddingMode: "zeros",
};

/** Shapes for every path through the kernels, and those of the project's networks. */
export const CONVOLUTIONS: readonly Convolution[] = [
  { input: [2, 3, 32, 32], weight: [16, 3, 3, 3], attributes: ORDINARY },
  { input: [3, 16, 32, 32], weight: [16, 16, 3, 3], attributes: ORDINARY },
  { input: [2, 64, 8, 8], weight: [64, 64, 3, 3], attributes: ORDINARY },
  { input: [2, 16, 16, 16], weight: [32, 16, 3, 3], attributes: { ...ORDINARY, stride: [2, 2] } },
  {
    input: [2, 16, 16, 16],
    weight: [32, 16, 1, 1],
    attributes: { ...ORDINARY, stride: [2, 2], padding: [0, 0] },
  },
  { input: [2, 20, 7, 7], weight: [36, 20, 1, 1], attributes: { ...ORDINARY, padding: [0, 0] } },
  { input: [1, 12, 9, 9], weight: [12, 1, 3, 3], attributes: { ...ORDINARY, groups: 12 } },
  { input: [1, 6, 9, 9], weight: [12, 1, 3, 3], attributes: { ...ORDINARY, groups: 6 } },
  {
    input: [3, 132, 6, 7],
    weight: [260, 132, 1, 1],
    attributes: { ...ORDINARY, padding: [0, 0] },
  },
  {
    input: [2, 61, 9, 8],
    weight: [67, 61, 3, 3],
    attributes: { ...ORDINARY, stride: [2, 1] },
  },
  {
    input: [3, 41, 9, 11],
    weight: [41, 1, 3, 5],
    attributes: { ...ORDINARY, groups: 41, stride: [2, 1], padding: [1, 2] },
  },
  {
    input: [1, 3, 23, 23],
    weight: [8, 3, 7, 7],
    attributes: { ...ORDINARY, stride: [2, 2], padding: [3, 3] },
  },
];

/** The shape of a convolution's output. */
export function convolutionOutput({ input, weight, attributes }: Convolution): Shape {
  const { batch, outChannels, outSize } = convolutionGeometry(input, weight, attributes);
  return [batch, outChannels, ...outSize];
}
