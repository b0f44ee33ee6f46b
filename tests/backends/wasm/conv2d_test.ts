import { conv2dInputGradientOp, conv2dOp, conv2dWeightGradientOp } from "../../../ops/conv2d.ts";
import {
  type ConvolutionAttributes,
  convolutionGeometry,
  type PaddingMode,
  type Pair,
} from "../../../ops/convolution_geometry.ts";
import { conv2d, conv2dInputGradient } from "../../../backends/wasm/kernels/conv2d.ts";
import { conv2dWeightGradient } from "../../../backends/wasm/kernels/conv2d_weight_gradient.ts";
import type { Shape } from "../../../graph/types.ts";
import { checkNode, type NodeCase, randomNode, randomSource, TARGETS } from "./node_check.ts";

interface Convolution {
  readonly input: Shape;
  readonly weight: Shape;
  readonly attributes: ConvolutionAttributes;
}

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

const ordinary: ConvolutionAttributes = {
  stride: [1, 1],
  padding: [1, 1],
  dilation: [1, 1],
  groups: 1,
  paddingMode: "zeros",
};

/** Shapes that take each way through the kernels, and those of the networks built here. */
const NAMED: readonly Convolution[] = [
  { input: [2, 3, 32, 32], weight: [16, 3, 3, 3], attributes: ordinary },
  { input: [3, 16, 32, 32], weight: [16, 16, 3, 3], attributes: ordinary },
  { input: [2, 64, 8, 8], weight: [64, 64, 3, 3], attributes: ordinary },
  { input: [2, 16, 16, 16], weight: [32, 16, 3, 3], attributes: { ...ordinary, stride: [2, 2] } },
  {
    input: [2, 16, 16, 16],
    weight: [32, 16, 1, 1],
    attributes: { ...ordinary, stride: [2, 2], padding: [0, 0] },
  },
  { input: [2, 20, 7, 7], weight: [36, 20, 1, 1], attributes: { ...ordinary, padding: [0, 0] } },
  { input: [1, 12, 9, 9], weight: [12, 1, 3, 3], attributes: { ...ordinary, groups: 12 } },
  { input: [1, 6, 9, 9], weight: [12, 1, 3, 3], attributes: { ...ordinary, groups: 6 } },
  {
    input: [3, 132, 6, 7],
    weight: [260, 132, 1, 1],
    attributes: { ...ordinary, padding: [0, 0] },
  },
  {
    input: [2, 61, 9, 8],
    weight: [67, 61, 3, 3],
    attributes: { ...ordinary, stride: [2, 1] },
  },
  {
    input: [3, 41, 9, 11],
    weight: [41, 1, 3, 5],
    attributes: { ...ordinary, groups: 41, stride: [2, 1], padding: [1, 2] },
  },
  {
    input: [1, 3, 23, 23],
    weight: [8, 3, 7, 7],
    attributes: { ...ordinary, stride: [2, 2], padding: [3, 3] },
  },
];

function outputShape({ input, weight, attributes }: Convolution): Shape {
  const { batch, outChannels, outSize } = convolutionGeometry(input, weight, attributes);
  return [batch, outChannels, ...outSize];
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
      inputs: [outputShape(convolution), convolution.weight],
      attributes: { ...convolution.attributes, inputShape: convolution.input },
    }),
  },
  conv2dWeightGradient: {
    family: conv2dWeightGradient,
    make: (convolution: Convolution): NodeCase => ({
      op: conv2dWeightGradientOp,
      inputs: [convolution.input, outputShape(convolution)],
      attributes: { ...convolution.attributes, weightShape: convolution.weight },
    }),
  },
};

for (const [name, { family, make }] of Object.entries(OPS)) {
  Deno.test(`${name} kernels compute named shapes in every form`, () => {
    const random = randomSource(1);
    for (const convolution of NAMED) {
      const node = randomNode(make(convolution), random);
      TARGETS.forEach((target, i) => checkNode(family, node, target, i + 1));
    }
  });

  Deno.test(`${name} kernels compute random shapes and options`, () => {
    const random = randomSource(2);
    for (let i = 0; i < 150; i++) {
      const node = randomNode(make(randomConvolution(random)), random);
      checkNode(family, node, TARGETS[i % TARGETS.length], 1 + i % 3);
    }
  });
}
