import { conv2dInputGradientOp, conv2dOp, conv2dWeightGradientOp } from "../../../ops/conv2d.ts";
import {
  type ConvolutionAttributes,
  convolutionGeometry,
  type PaddingMode,
  type Pair,
} from "../../../ops/convolution_geometry.ts";
import { conv2d, conv2dInputGradient } from "../../../backends/wasm/kernels/conv2d.ts";
import { conv2dWeightGradient } from "../../../backends/wasm/kernels/conv2d_weight_gradient.ts";
import { type Convolution, convolutionOutput, CONVOLUTIONS } from "../../support/convolutions.ts";
import { randomCount } from "../../support/random_count.ts";
import { checkNode, type NodeCase, randomNode, randomSource, TARGETS } from "./node_check.ts";

/** A convolution with every option drawn at random; small, often of odd extents. */
function randomConvolution(random: () => number): Convolution {
  const pick = <T>(...choices: T[]): T => choices[Math.floor(random() * choices.length)];
  const pair = (...choices: number[]): Pair => [pick(...choices), pick(...choices)];
  for (;;) {
    const groups = pick(1, 1, 1, 2, 3, 4, 5);
    const groupIn = pick(1, 2, 3, 4, 5, 8, 16);
    const groupOut = pick(1, 2, 3, 4, 7, 8, 12, 16, 20);
    const input = [pick(1, 2, 3), groups * groupIn, pick(1, 4, 5, 7, 8, 11), pick(1, 3, 6, 8, 9)];
    const weight = [groups * groupOut, groupIn, pick(1, 1, 2, 3, 3, 5), pick(1, 2, 3, 3, 5)];
    const attributes: ConvolutionAttributes = {
      stride: pair(1, 1, 2, 3),
      padding: pair(0, 1, 1, 2, 3),
      dilation: pair(1, 1, 2, 3),
      groups,
      paddingMode: pick<PaddingMode>("zeros", "zeros", "reflect", "replicate", "circular"),
    };
    try {
      convolutionGeometry(input, weight, attributes);
      return { input, weight, attributes };
    } catch {
      // Options that do not fit each other: draw again.
    }
  }
}

const OPS = {
  conv2d: {
    family: conv2d,
    make: ({ input, weight, attributes }: Convolution): NodeCase => ({
      op: conv2dOp,
      inputs: [input, weight],
      attributes,
    }),
  },
  "conv2d with bias": {
    family: conv2d,
    make: ({ input, weight, attributes }: Convolution): NodeCase => ({
      op: conv2dOp,
      inputs: [input, weight, [weight[0]]],
      attributes,
    }),
  },
  conv2dInputGradient: {
    family: conv2dInputGradient,
    make: (convolution: Convolution): NodeCase => ({
      op: conv2dInputGradientOp,
      inputs: [convolutionOutput(convolution), convolution.weight],
      attributes: { ...convolution.attributes, inputShape: convolution.input },
    }),
  },
  conv2dWeightGradient: {
    family: conv2dWeightGradient,
    make: (convolution: Convolution): NodeCase => ({
      op: conv2dWeightGradientOp,
      inputs: [convolution.input, convolutionOutput(convolution)],
      attributes: { ...convolution.attributes, weightShape: convolution.weight },
    }),
  },
};

for (const [name, { family, make }] of Object.entries(OPS)) {
  Deno.test(`${name} kernels compute named shapes in every form`, () => {
    const random = randomSource(1);
    for (const convolution of CONVOLUTIONS) {
      const node = randomNode(make(convolution), random);
      TARGETS.forEach((target, i) => checkNode(family, node, target, i + 1));
    }
  });

  Deno.test(`${name} kernels compute random shapes and options`, () => {
    const random = randomSource(2);
    for (let i = 0; i < randomCount(48); i++) {
      const node = randomNode(make(randomConvolution(random)), random);
      checkNode(family, node, TARGETS[i % TARGETS.length], 1 + i % 3);
    }
  });
}
