/** Shapes and index maps shared by all convolution ops and kernels. */
import { InputError } from "../errors.ts";
import { formatShape, type Shape } from "../graph/types.ts";
import { requireIntegers, requirePlannable } from "./checks.ts";

/** Height and width. */
export type Pair = readonly [number, number];

/** The padding beyond the image's border, as in `torch.nn.Conv2d`'s `padding_mode`. */
export type PaddingMode = "zeros" | "reflect" | "replicate" | "circular";

/** All of {@link PaddingMode}. */
export const PADDING_MODES = [
  "zeros",
  "reflect",
  "replicate",
  "circular",
] as const satisfies PaddingMode[];

export interface ConvolutionAttributes {
  readonly stride: Pair;
  /** Rows and columns added on each side. */
  readonly padding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
  readonly paddingMode: PaddingMode;
}

export interface ConvolutionGeometry extends ConvolutionAttributes {
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Input height and width. */
  readonly inSize: Pair;
  /** Output height and width. */
  readonly outSize: Pair;
  readonly kernelSize: Pair;
}

/**
 * The geometry of a convolution of an input [N, C, H, W] with a kernel [O, C/groups, kH, kW].
 * Throws InputError where they do not fit.
 */
export function convolutionGeometry(
  input: Shape,
  weight: Shape,
  attributes: ConvolutionAttributes,
): ConvolutionGeometry {
  const { stride, padding, dilation, groups, paddingMode } = attributes;
  if (input.length !== 4 || weight.length !== 4) {
    throw new InputError(
      `conv2d: input has shape ${formatShape(input)} and weight ${formatShape(weight)}; ` +
        "expected [batch, channels, height, width] and [outChannels, inChannels / groups, height, width]",
    );
  }
  requireIntegers("conv2d", "stride", stride, 1);
  requireIntegers("conv2d", "padding", padding, 0);
  requireIntegers("conv2d", "dilation", dilation, 1);
  requireIntegers("conv2d", "groups", [groups], 1);
  const [batch, inChannels, height, width] = input;
  const [outChannels, groupChannels, ...kernel] = weight;
  const inSize: Pair = [height, width], kernelSize: Pair = [kernel[0], kernel[1]];
  if (inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new InputError(
      `conv2d: ${inChannels} input and ${outChannels} output channels do not divide into ` +
        `${groups} groups`,
    );
  }
  if (groupChannels * groups !== inChannels) {
    throw new InputError(
      `conv2d: weight ${formatShape(weight)} with ${groups} group(s) expects ` +
        `${groupChannels * groups} input channels, found ${inChannels}`,
    );
  }
  requirePlannable("conv2d", inChannels, inSize, { ...attributes, kernelSize });
  const outSize = [0, 1].map((axis) => {
    const reach = dilation[axis] * (kernelSize[axis] - 1) + 1;
    const size = Math.floor((inSize[axis] + 2 * padding[axis] - reach) / stride[axis]) + 1;
    if (size < 1) {
      throw new InputError(
        `conv2d: a kernel of ${kernelSize.join("x")} (dilation ${dilation.join("x")}) is larger ` +
          `than the padded image of ${inSize.join("x")} (padding ${padding.join("x")})`,
      );
    }
    const most = paddingMode === "reflect" ? inSize[axis] - 1 : inSize[axis];
    if ((paddingMode === "reflect" || paddingMode === "circular") && padding[axis] > most) {
      throw new InputError(
        `conv2d: ${paddingMode} padding of ${padding[axis]} is too large for an image of ` +
          `${inSize.join("x")}; at most ${most}`,
      );
    }
    return size;
  });
  return {
    ...attributes,
    batch,
    inChannels,
    outChannels,
    inSize,
    outSize: [outSize[0], outSize[1]],
    kernelSize,
  };
}

/** The shapes of a convolution's input, kernel and output. */
export function convolutionShapes(
  { batch, inChannels, outChannels, groups, inSize, outSize, kernelSize }: ConvolutionGeometry,
): { readonly input: Shape; readonly weight: Shape; readonly output: Shape } {
  return {
    input: [batch, inChannels, ...inSize],
    weight: [outChannels, inChannels / groups, ...kernelSize],
    output: [batch, outChannels, ...outSize],
  };
}

/** Floating-point operations of a convolution or of either gradient, computed directly. */
export function convolutionFlops(geometry: ConvolutionGeometry): number {
  const { batch, inChannels, outChannels, groups, outSize, kernelSize } = geometry;
  return 2 * batch * outChannels * (inChannels / groups) *
    [...outSize, ...kernelSize].reduce((product, extent) => product * extent);
}

/**
 * Which input row (axis 0) or column (axis 1) the kernel's tap `tap` reads for output position
 * `position`; -1 where it reads a zero beyond the border.
 */
export function sourceIndex(
  { stride, padding, dilation, inSize, paddingMode }: ConvolutionGeometry,
  axis: 0 | 1,
  position: number,
  tap: number,
): number {
  const size = inSize[axis];
  const index = position * stride[axis] - padding[axis] + tap * dilation[axis];
  if (index >= 0 && index < size) return index;
  switch (paddingMode) {
    case "zeros":
      return -1;
    case "replicate":
      return index < 0 ? 0 : size - 1;
    case "reflect":
      return index < 0 ? -index : 2 * (size - 1) - index;
    case "circular":
      return (index + size) % size;
  }
}
