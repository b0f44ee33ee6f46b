/**
 * Depthwise over-parameterized convolution: DO-Conv, by Cao et al. (2020), arXiv:2006.12030.
 *
 * While training, each input channel's kernel plane is multiplied by its own matrix: kernel[o, i,
 * m] = Σ_s (D[i, m, s] + E[m, s]) · W[o, i, s], E being identity blocks side by side. The
 * composition is linear, so a folded network contains only the composed kernel.
 */
import { InputError } from "../errors.ts";
import { Parameter, type RandomSource } from "../graph/parameter.ts";
import { type Shape, sizeOf, type Value } from "../graph/types.ts";
import { composeKernel, type Pairing, PAIRINGS } from "../ops/compose_kernel.ts";
import { conv2d, pair } from "../ops/conv2d.ts";
import { reshape } from "../ops/reshape.ts";
import { z } from "../schema/entry.ts";
import {
  type Conv2dOptions,
  convolutionBias,
  convolutionSchema,
  kernelShape,
} from "./convolution_options.ts";
import { type Initializer, kaimingUniform } from "./init.ts";
import { channelsOf, type LayerEntry } from "./layer_entry.ts";
import { Module } from "./module.ts";

/** DO-Conv's own options, in addition to those of every convolution. */
export const doConvSchema = z.strictObject({
  depthMultiplier: z.int().min(1).optional().describe(
    "D_mul of every kernel, at least the kernel's area; the kernel's area by default",
  ),
  pairing: z.enum(PAIRINGS).default("paper").describe(
    "Which D a grouped kernel's row meets: the paper's pairing or the reference implementation's",
  ),
});

/** Options of {@link DoConv2d}. */
export interface DoConv2dOptions extends Conv2dOptions {
  /** D_mul, the length of the inner sum; at least kH·kW, which is the default. */
  readonly depthMultiplier?: number;
  /**
   * Which slice of `D` is paired with which kernel row if groups have several outputs: `paper` (the
   * input channel the row convolves; default) or `authors` (row mod inChannels, as in the authors'
   * PyTorch layer, for its checkpoints). The two agree where `groups` is 1 or equals outChannels.
   */
  readonly pairing?: Pairing;
}

/**
 * A convolution whose kernel is composed of `W` and `D`; otherwise like `Conv2d`. With `groups` 1 it
 * is the paper's DO-Conv, with `groups` = inChannels DO-DConv, else DO-GConv.
 *
 * It starts as exactly the function of the `Conv2d` it replaces: `D`, stored as the difference from
 * E, is zero and the first kH·kW columns of `W` are the plain kernel; columns that a further identity
 * block would add to it start as zero. A 1x1 kernel has no `D`; its `W` is the
 * kernel itself. Throws InputError for a smaller `depthMultiplier`.
 */
export class DoConv2d extends Module {
  /** [O, I/groups, D_mul]. */
  readonly W: Parameter;
  /** [I, kH·kW, D_mul], the difference from E. */
  readonly D?: Parameter;
  /** [O]. */
  readonly bias?: Parameter;

  /** Throws InputError for sizes that do not fit and for a `depthMultiplier` below kH·kW. */
  constructor(readonly options: DoConv2dOptions) {
    super();
    const plain = kernelShape(options);
    const [outChannels, groupChannels, height, width] = plain;
    const area = height * width;
    const depth = checkedDepth(options.depthMultiplier, height, width);
    const initialize = options.initialize ?? kaimingUniform();
    this.W = new Parameter([outChannels, groupChannels, depth], {
      initialize: (data, random) => spreadPlainKernel(data, plain, initialize, random),
    });
    if (area > 1) this.D = new Parameter([options.inChannels, area, depth]);
    this.bias = convolutionBias(options);
  }

  /** [N, I, H, W] → [N, O, oH, oW]. Throws InputError for an input of another shape. */
  forward(input: Value): Value {
    return conv2d(input, this.#kernel(), this.bias, this.options);
  }

  #kernel(): Value {
    if (!this.D) return reshape(this.W, kernelShape(this.options));
    return composeKernel(this.W, this.D, {
      groups: this.options.groups ?? 1,
      kernelSize: pair(this.options.kernelSize),
      pairing: this.options.pairing,
    });
  }
}

function checkedDepth(depth: number | undefined, height: number, width: number): number {
  const area = height * width;
  if (area === 1) return 1;
  if (depth === undefined) return area;
  if (!Number.isInteger(depth) || depth < area) {
    throw new InputError(
      `DoConv2d: depthMultiplier is ${depth}; a ${height}x${width} kernel needs a whole number of ` +
        `at least ${area} (leave it out for ${area})`,
      { at: ["depthMultiplier"] },
    );
  }
  return depth;
}

/**
 * Draws W [O, I/groups, S] so that (0 + E) · W is a plain kernel [O, I/groups, kH, kW]: its first
 * kH·kW columns are that kernel, columns of a further identity block are zero, and those beyond the
 * last block, which are multiplied by zeros, are drawn too (if zero, they would never train).
 */
function spreadPlainKernel(
  data: Float32Array,
  plain: Shape,
  initialize: Initializer,
  random: RandomSource,
): void {
  const area = plain[2] * plain[3];
  const depth = data.length / (plain[0] * plain[1]);
  const draw = (firstColumn: number, columns: number) => {
    const kernel = new Float32Array(sizeOf(plain));
    initialize(kernel, plain, random);
    kernel.forEach((value, i) => {
      if (i % area < columns) data[Math.floor(i / area) * depth + firstColumn + i % area] = value;
    });
  };
  draw(0, area);
  const remainder = depth % area;
  if (remainder > 0) draw(depth - remainder, remainder);
}

const schema = convolutionSchema.extend(doConvSchema.shape);

/** A DO-Conv in a list of layers, also for 1x1 kernels. */
export const doConv2dLayer: LayerEntry<typeof schema> = {
  about: "Depthwise over-parameterized convolution (DO-Conv)",
  schema,
  build: (options, inputShape) => new DoConv2d({ ...options, inChannels: channelsOf(inputShape) }),
};
