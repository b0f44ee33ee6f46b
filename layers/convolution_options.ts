/** What every kind of convolution shares: its options, the shape of a plain kernel, the bias. */
import { InputError } from "../errors.ts";
import type { Parameter } from "../graph/parameter.ts";
import { type Conv2dOptions as ConvolutionOptions, pair } from "../ops/conv2d.ts";
import { PADDING_MODES, type Pair } from "../ops/convolution_geometry.ts";
import { z } from "../schema/entry.ts";
import { biasUniform, fanIn, initialized, type Initializer } from "./init.ts";
import { padding, size } from "./sizes.ts";

/** Options of {@link Conv2d} and of every other kind; names and defaults of `torch.nn.Conv2d`. */
export interface Conv2dOptions extends ConvolutionOptions {
  /** Channels of the input, a multiple of `groups`. */
  readonly inChannels: number;
  /** Channels of the output, a multiple of `groups`. */
  readonly outChannels: number;
  /** Height and width, or one number for both. */
  readonly kernelSize: number | Pair;
  /** Whether a number per output channel is added. Default true. */
  readonly bias?: boolean;
  /** Start of the kernel. Default `kaimingUniform()`, PyTorch's. */
  readonly initialize?: Initializer;
  /** Start of the bias. Default uniform in ±1/√(inputs per output), PyTorch's. */
  readonly initializeBias?: Initializer;
}

/** The options of a layer in a config; `inChannels` follows from the previous layer. */
export const convolutionSchema = z.strictObject({
  outChannels: z.int().min(1).describe("Output channels"),
  kernelSize: size.describe("Kernel size: one number, or [height, width]"),
  stride: size.optional().describe("Stride; 1 by default"),
  padding: padding.optional().describe("Padding on every side; 0 by default"),
  dilation: size.optional().describe("Distance of kernel taps; 1 by default"),
  groups: z.int().min(1).optional().describe("Groups of channels; 1 by default"),
  bias: z.boolean().optional().describe("Whether to add a bias; true by default"),
  paddingMode: z.enum(PADDING_MODES).optional().describe(
    "What the padding holds; zeros by default",
  ),
});

/** The shape [O, I/groups, kH, kW] of a plain kernel. Throws InputError for sizes that do not fit. */
export function kernelShape(
  { inChannels, outChannels, kernelSize, groups = 1 }: Conv2dOptions,
): readonly [number, number, number, number] {
  const [height, width] = pair(kernelSize);
  const sizes = { inChannels, outChannels, groups, "kernel height": height, "kernel width": width };
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isInteger(size) || size < 1) {
      throw new InputError(`convolution: ${name} is ${size}; expected a whole number above 0`);
    }
  }
  if (inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw new InputError(
      `convolution: ${inChannels} input and ${outChannels} output channels do not divide into ` +
        `${groups} groups; choose a number of groups that divides both`,
    );
  }
  return [outChannels, inChannels / groups, height, width];
}

/** The bias of a convolution, [O], or undefined where `bias` is false. */
export function convolutionBias(options: Conv2dOptions): Parameter | undefined {
  if (options.bias === false) return undefined;
  const { initializeBias = biasUniform(fanIn(kernelShape(options))) } = options;
  return initialized([options.outChannels], initializeBias, "bias");
}
