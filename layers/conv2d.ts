/** Two-dimensional convolution layer. */
import { InputError } from "../errors.ts";
import { Parameter } from "../graph/parameter.ts";
import { sameShape, type Value } from "../graph/types.ts";
import { conv2d, type Conv2dOptions as ConvolutionOptions, pair } from "../ops/conv2d.ts";
import type { Pair } from "../ops/convolution_geometry.ts";
import { biasUniform, fanIn, type Initializer, kaimingUniform } from "./init.ts";
import { Module, type StateDict } from "./module.ts";

/** Options of {@link Conv2d}; names and defaults of `torch.nn.Conv2d`. */
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
}

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

/** The bias of a convolution, [O], or undefined where `bias` is false. PyTorch's start. */
export function convolutionBias(options: Conv2dOptions): Parameter | undefined {
  if (options.bias === false) return undefined;
  const initialize = biasUniform(fanIn(kernelShape(options)));
  const shape = [options.outChannels];
  return new Parameter(shape, {
    role: "bias",
    initialize: (data, random) => initialize(data, shape, random),
  });
}

/** Convolution of [N, C, H, W] with a kernel `weight` and an optional `bias`. Matches `torch.nn.Conv2d`. */
export class Conv2d extends Module {
  /** [O, I/groups, kH, kW]. */
  readonly weight: Parameter;
  /** [O]. */
  readonly bias?: Parameter;

  /** Throws InputError for sizes that are not whole or do not divide into the groups. */
  constructor(readonly options: Conv2dOptions) {
    super();
    const shape = kernelShape(options);
    const initialize = options.initialize ?? kaimingUniform();
    this.weight = new Parameter(shape, {
      initialize: (data, random) => initialize(data, shape, random),
    });
    this.bias = convolutionBias(options);
  }

  /** The DO-Conv authors' layer keeps a 1x1 kernel as `W` [O, I/groups, 1]. */
  override adopt(tensors: StateDict): StateDict {
    const { W, ...others } = Object.fromEntries(tensors);
    const { shape } = this.weight;
    if (!W || !sameShape([...W.shape, 1], shape)) return tensors;
    return new Map(Object.entries({ ...others, weight: { shape, data: W.data } }));
  }

  /** [N, I, H, W] → [N, O, oH, oW]. Throws InputError for an input of another shape. */
  forward(input: Value): Value {
    return conv2d(input, this.weight, this.bias, this.options);
  }
}
