import { conv2dInputGradientOp, conv2dOp, conv2dWeightGradientOp } from "../../../ops/conv2d.ts";
import {
  type ConvolutionAttributes,
  convolutionGeometry,
  type Pair,
} from "../../../ops/convolution_geometry.ts";
import type { Shape } from "../../../graph/types.ts";
import { assertEquals } from "@std/assert";
import type { KernelFamily, Precision } from "../../../backends/wasm/kernel.ts";
import { conv2d, conv2dInputGradient } from "../../../backends/wasm/kernels/conv2d.ts";
import { imageOf } from "../../../backends/wasm/kernels/image.ts";
import { conv2dWeightGradient } from "../../../backends/wasm/kernels/conv2d_weight_gradient.ts";
import { lowerWinogradCorrelation } from "../../../backends/wasm/kernels/winograd.ts";
import { winogradObstacle } from "../../../backends/wasm/kernels/winograd_plan.ts";
import { lowerWinogradWeightGradient } from "../../../backends/wasm/kernels/winograd_weight_gradient.ts";
import { randomCount } from "../../support/random_count.ts";
import { checkNode, type NodeCase, randomNode, randomSource, TARGETS } from "./node_check.ts";

/** F(4, 3) loses about one decimal digit compared with direct summation. */
const TOLERANCE = 5e-5;

// The families with Winograd's algorithm forced at any size, so that small shapes test it too.
const forward: KernelFamily = {
  ...conv2d,
  lower({ inputs: [input, weight, bias], outputs: [output], attributes }, lowering) {
    lowerWinogradCorrelation(lowering, {
      images: input.shape[0],
      source: imageOf(lowering, input, input.shape),
      result: imageOf(lowering, output, output.shape),
      padding: attributes.padding,
      weight: lowering.ref(weight, weight.shape),
      bias: bias && lowering.ref(bias, bias.shape),
      channelStep: 36,
      resultStep: 36 * input.shape[1],
      rotated: false,
    }, 0);
  },
};
const inputGradient: KernelFamily = {
  ...conv2dInputGradient,
  lower({ inputs: [dy, weight], outputs: [dx], attributes }, lowering) {
    lowerWinogradCorrelation(lowering, {
      images: dy.shape[0],
      source: imageOf(lowering, dy, dy.shape),
      result: imageOf(lowering, dx, dx.shape),
      padding: [2 - attributes.padding[0], 2 - attributes.padding[1]],
      weight: lowering.ref(weight, weight.shape),
      channelStep: 36 * dx.shape[1],
      resultStep: 36,
      rotated: true,
    }, 0);
  },
};
const weightGradient: KernelFamily = {
  ...conv2dWeightGradient,
  lower({ inputs: [input, dy], outputs: [dw], attributes }, lowering) {
    lowerWinogradWeightGradient(lowering, {
      images: input.shape[0],
      input: imageOf(lowering, input, input.shape),
      outputGradient: imageOf(lowering, dy, dy.shape),
      padding: attributes.padding,
      weightGradient: lowering.ref(dw, dw.shape),
    }, 0);
  },
};

function attributesOf(padding: Pair): ConvolutionAttributes {
  return { stride: [1, 1], padding, dilation: [1, 1], groups: 1, paddingMode: "zeros" };
}

Deno.test("Winograd kernels compute convolutions and gradients of any image size", () => {
  const random = randomSource(6);
  const pick = (...choices: number[]) => choices[Math.floor(random() * choices.length)];
  for (let i = 0; i < randomCount(24); i++) {
    const input: Shape = [
      pick(1, 2, 5),
      pick(4, 8, 12, 16, 36),
      pick(3, 4, 5, 8, 9, 14),
      pick(3, 6, 7, 8, 13),
    ];
    const weight: Shape = [pick(4, 8, 20, 24, 32), input[1], 3, 3];
    const attributes = attributesOf([pick(0, 1, 1, 2), pick(0, 1, 1, 2)]);
    const { outSize } = convolutionGeometry(input, weight, attributes);
    const output: Shape = [input[0], weight[0], ...outSize];
    const bias = i % 2 === 0 ? [[weight[0]]] : [];
    const cases: [KernelFamily, NodeCase][] = [
      [forward, { op: conv2dOp, inputs: [input, weight, ...bias], attributes }],
      [inputGradient, {
        op: conv2dInputGradientOp,
        inputs: [output, weight],
        attributes: { ...attributes, inputShape: input },
      }],
      [weightGradient, {
        op: conv2dWeightGradientOp,
        inputs: [input, output],
        attributes: { ...attributes, weightShape: weight },
      }],
    ];
    for (const [family, nodeCase] of cases) {
      const node = randomNode(nodeCase, random);
      checkNode(family, node, TARGETS[i % TARGETS.length], 1 + i % 3, TOLERANCE);
    }
  }
});

Deno.test("Winograd kernels are chosen for large 3x3 convolutions only", () => {
  const suits = (
    input: Shape,
    weight: Shape,
    attributes = attributesOf([1, 1]),
    precision: Precision = "fast",
    fixedKernel = false,
  ) =>
    winogradObstacle(convolutionGeometry(input, weight, attributes), { precision, fixedKernel }) ??
      "suits";
  assertEquals(suits([128, 16, 32, 32], [16, 16, 3, 3]), "suits");
  assertEquals(
    suits([128, 16, 32, 32], [16, 16, 3, 3], attributesOf([1, 1]), "high"),
    "high precision",
  );
  assertEquals(suits([2, 16, 32, 32], [16, 16, 3, 3]), "little work");
  assertEquals(suits([128, 3, 32, 32], [16, 3, 3, 3]), "few channels");
  assertEquals(suits([128, 16, 32, 32], [64, 16, 1, 1], attributesOf([0, 0])), "1×1");
  const strided = { ...attributesOf([1, 1]), stride: [2, 2] as const };
  assertEquals(suits([128, 64, 32, 32], [64, 64, 3, 3], strided), "stride 2×2");
  const reflected = { ...attributesOf([1, 1]), paddingMode: "reflect" as const };
  assertEquals(suits([128, 64, 32, 32], [64, 64, 3, 3], reflected), "reflect");
  const fixed = [attributesOf([1, 1]), "fast", true] as const;
  const small: [Shape, Shape] = [[1, 144, 20, 20], [144, 144, 3, 3]];
  assertEquals(suits(...small), "few tiles");
  assertEquals(suits(...small, ...fixed), "suits");
  const beyondCache: [Shape, Shape] = [[1, 256, 14, 14], [256, 256, 3, 3]];
  assertEquals(suits(...beyondCache, ...fixed), "few tiles");
});

Deno.test("kernel families that choose Winograd for a large convolution agree with its definition", () => {
  const random = randomSource(7);
  const attributes = attributesOf([1, 1]);
  const input: Shape = [5, 64, 21, 21], weight: Shape = [64, 64, 3, 3];
  assertEquals(
    winogradObstacle(convolutionGeometry(input, weight, attributes), { precision: "fast" }),
    undefined,
  );
  const cases: [KernelFamily, NodeCase][] = [
    [conv2d, { op: conv2dOp, inputs: [input, weight, [64]], attributes }],
    [conv2dInputGradient, {
      op: conv2dInputGradientOp,
      inputs: [input, weight],
      attributes: { ...attributes, inputShape: input },
    }],
    [conv2dWeightGradient, {
      op: conv2dWeightGradientOp,
      inputs: [input, input],
      attributes: { ...attributes, weightShape: weight },
    }],
  ];
  for (const [family, nodeCase] of cases) {
    checkNode(family, randomNode(nodeCase, random), TARGETS[0], 2, TOLERANCE);
  }
});
