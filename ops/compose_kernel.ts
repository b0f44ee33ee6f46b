/**
 * The kernel of a depthwise over-parameterized convolution (DO-Conv, arXiv 2006.12030): each
 * channel's M·N × S matrix `D + identity` times a vector of S numbers makes the M×N kernel that an
 * ordinary convolution then uses.
 */
import { InputError } from "../errors.ts";
import { apply, type Operand } from "../graph/trace.ts";
import { type Op, type Shape, sizeOf, type Value } from "../graph/types.ts";
import { requireFloats, requireIntegers, requireRank, requireShape } from "./checks.ts";
import { pair } from "./conv2d.ts";
import type { Pair } from "./convolution_geometry.ts";

/**
 * Which channel of `D` is used for a kernel row (output o, j-th input channel of its group).
 * `paper`: the input channel that the row convolves. `authors`: channel
 * `(o · inChannels / groups + j) mod inChannels`, as the reference implementation has it by reading
 * `W` as [O / groups, I, S] without moving data. The two differ if there are several groups with
 * several outputs each.
 */
export type Pairing = "paper" | "authors";

/** All of {@link Pairing}. */
export const PAIRINGS = ["paper", "authors"] as const satisfies Pairing[];

export interface ComposeKernelAttributes {
  readonly groups: number;
  /** M and N, the kernel's height and width. */
  readonly kernelSize: Pair;
  readonly pairing: Pairing;
}

export interface ComposeKernelGeometry extends ComposeKernelAttributes {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Input channels per group: kernel rows per output. */
  readonly groupIn: number;
  /** Elements of the kernel's window, M·N. */
  readonly area: number;
  /** S, the paper's D_mul. */
  readonly depthMultiplier: number;
}

/**
 * The geometry of composing `W` of shape `weight` [O, I/groups, S]. Throws InputError where it does
 * not fit, or when S is below M·N.
 */
export function composeKernelGeometry(
  weight: Shape,
  attributes: ComposeKernelAttributes,
): ComposeKernelGeometry {
  const { groups, kernelSize } = attributes;
  requireRank(
    "composeKernel",
    "W",
    weight,
    3,
    "[outChannels, inChannels / groups, depthMultiplier]",
  );
  requireIntegers("composeKernel", "groups", [groups], 1);
  requireIntegers("composeKernel", "kernelSize", kernelSize, 1);
  const [outChannels, groupIn, depthMultiplier] = weight;
  const area = kernelSize[0] * kernelSize[1];
  if (outChannels % groups !== 0) {
    throw new InputError(
      `composeKernel: ${outChannels} output channels do not divide into ${groups} groups`,
    );
  }
  if (depthMultiplier < area) {
    throw new InputError(
      `composeKernel: the depth multiplier is ${depthMultiplier}; a kernel of ` +
        `${kernelSize.join("x")} needs at least ${area}`,
    );
  }
  return {
    ...attributes,
    inChannels: groupIn * groups,
    outChannels,
    groupIn,
    area,
    depthMultiplier,
  };
}

/** The channel of `D` that kernel row `row` (output · groupIn + channel within the group) meets. */
export function pairedChannel(
  { groups, groupIn, inChannels, outChannels, pairing }: ComposeKernelGeometry,
  row: number,
): number {
  if (pairing === "authors") return row % inChannels;
  const group = Math.floor(row / groupIn / (outChannels / groups));
  return group * groupIn + row % groupIn;
}

/**
 * Element (m, s) of the constant that is subtracted from stored `D`: identity blocks side by side.
 */
export function tiledIdentity(
  { area, depthMultiplier }: ComposeKernelGeometry,
  m: number,
  s: number,
): number {
  return s % area === m && s < Math.floor(depthMultiplier / area) * area ? 1 : 0;
}

/** Visits every multiplication: offsets into the kernel, `W` and `D`, and the identity's element. */
function forEachProduct(
  geometry: ComposeKernelGeometry,
  visit: (kernel: number, w: number, d: number, identity: number) => void,
): void {
  const { outChannels, groupIn, area, depthMultiplier } = geometry;
  const identity = Float64Array.from(
    { length: area * depthMultiplier },
    (_, i) => tiledIdentity(geometry, Math.floor(i / depthMultiplier), i % depthMultiplier),
  );
  for (let row = 0; row < outChannels * groupIn; row++) {
    const channel = pairedChannel(geometry, row);
    for (let m = 0; m < area; m++) {
      for (let s = 0; s < depthMultiplier; s++) {
        visit(
          row * area + m,
          row * depthMultiplier + s,
          (channel * area + m) * depthMultiplier + s,
          identity[m * depthMultiplier + s],
        );
      }
    }
  }
}

export function composeKernelShapes(
  { inChannels, outChannels, groupIn, area, depthMultiplier, kernelSize }: ComposeKernelGeometry,
): { readonly weight: Shape; readonly depthwise: Shape; readonly kernel: Shape } {
  return {
    weight: [outChannels, groupIn, depthMultiplier],
    depthwise: [inChannels, area, depthMultiplier],
    kernel: [outChannels, groupIn, ...kernelSize],
  };
}

const SAMPLE: ComposeKernelAttributes = { kernelSize: [3, 2], groups: 2, pairing: "paper" };

export const composeKernelOp: Op<ComposeKernelAttributes> = {
  name: "composeKernel",
  inputNames: ["W", "D"],
  infer(inputs, attributes) {
    requireFloats("composeKernel", ["W", "D"], inputs);
    const geometry = composeKernelGeometry(inputs[0].shape, attributes);
    requireShape("composeKernel", "D", inputs[1].shape, composeKernelShapes(geometry).depthwise);
    return [{ shape: composeKernelShapes(geometry).kernel, dtype: "f32" }];
  },
  gradient: ({ inputs: [w, d], attributes, outputGradients: [dKernel], needed }) => [
    dKernel && needed[0] ? apply(composeKernelWGradientOp, [dKernel, d], attributes)[0] : undefined,
    dKernel && needed[1] ? apply(composeKernelDGradientOp, [dKernel, w], attributes)[0] : undefined,
  ],
  evaluate([w, d], attributes, [type]) {
    const kernel = new Float64Array(sizeOf(type.shape));
    forEachProduct(composeKernelGeometry(w.shape, attributes), (k, wAt, dAt, identity) => {
      kernel[k] += (d.data[dAt] + identity) * w.data[wAt];
    });
    return [kernel];
  },
  multiplyAccumulates: ([w], [kernel]) => sizeOf(kernel.shape) * w.shape[2],
  samples: PAIRINGS.map((pairing) => ({
    operands: [[6, 2, 7], [4, 6, 7]],
    attributes: { ...SAMPLE, pairing },
  })),
};

/**
 * The gradient of {@link composeKernel} with respect to `W`: (kernelGradient, D) → [O, I/groups,
 * S].
 */
export const composeKernelWGradientOp: Op<ComposeKernelAttributes> = {
  name: "composeKernelWGradient",
  inputNames: ["kernelGradient", "D"],
  infer(inputs, attributes) {
    requireFloats("composeKernelWGradient", ["kernelGradient", "D"], inputs);
    const [dKernel, d] = inputs;
    const shape = [dKernel.shape[0], dKernel.shape[1], d.shape[2]];
    const { kernel } = composeKernelShapes(composeKernelGeometry(shape, attributes));
    requireShape("composeKernelWGradient", "kernelGradient", dKernel.shape, kernel);
    return [{ shape, dtype: "f32" }];
  },
  evaluate([dKernel, d], attributes, [type]) {
    const dW = new Float64Array(sizeOf(type.shape));
    forEachProduct(composeKernelGeometry(type.shape, attributes), (k, wAt, dAt, identity) => {
      dW[wAt] += (d.data[dAt] + identity) * dKernel.data[k];
    });
    return [dW];
  },
  multiplyAccumulates: ([dKernel], [dW]) => sizeOf(dKernel.shape) * dW.shape[2],
  samples: [{ operands: [[6, 2, 3, 2], [4, 6, 7]], attributes: SAMPLE }],
};

/** The gradient of {@link composeKernel} with respect to `D`: (kernelGradient, W) → [I, M·N, S]. */
export const composeKernelDGradientOp: Op<ComposeKernelAttributes> = {
  name: "composeKernelDGradient",
  inputNames: ["kernelGradient", "W"],
  infer(inputs, attributes) {
    requireFloats("composeKernelDGradient", ["kernelGradient", "W"], inputs);
    const [dKernel, w] = inputs;
    const { kernel, depthwise } = composeKernelShapes(composeKernelGeometry(w.shape, attributes));
    requireShape("composeKernelDGradient", "kernelGradient", dKernel.shape, kernel);
    return [{ shape: depthwise, dtype: "f32" }];
  },
  evaluate([dKernel, w], attributes, [type]) {
    const dD = new Float64Array(sizeOf(type.shape));
    forEachProduct(composeKernelGeometry(w.shape, attributes), (k, wAt, dAt) => {
      dD[dAt] += dKernel.data[k] * w.data[wAt];
    });
    return [dD];
  },
  multiplyAccumulates: ([dKernel, w]) => sizeOf(dKernel.shape) * w.shape[2],
  samples: [{ operands: [[6, 2, 3, 2], [6, 2, 7]], attributes: SAMPLE }],
};

/** Options of {@link composeKernel}. */
export interface ComposeKernelOptions {
  /** M and N, the kernel's height and width. */
  readonly kernelSize: number | Pair;
  /** Default 1. */
  readonly groups?: number;
  /** Default `paper`. */
  readonly pairing?: Pairing;
}

/**
 * `kernel[o, j, m] = Σ_s (D + identity)[i, m, s] · W[o, j, s]`, with i the channel that
 * {@link Pairing} names: `W` [O, I/groups, S], `D` [I, M·N, S], stored as the difference from
 * ⌊S / M·N⌋ identity blocks side by side (the rest of the columns zero), result
 * [O, I/groups, M, N]. Matches `do_conv_pytorch_1_10.py` with `pairing: "authors"`.
 * Throws InputError where shapes do not fit, or when S is below M·N.
 */
export function composeKernel(w: Operand, d: Operand, options: ComposeKernelOptions): Value {
  const { kernelSize, groups = 1, pairing = "paper" } = options;
  return apply(composeKernelOp, [w, d], { groups, kernelSize: pair(kernelSize), pairing })[0];
}
