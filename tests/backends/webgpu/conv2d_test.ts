import { conv2dInputGradientOp, conv2dOp, conv2dWeightGradientOp } from "../../../ops/conv2d.ts";
import {
  type ConvolutionAttributes,
  convolutionGeometry,
} from "../../../ops/convolution_geometry.ts";
import { checkOp, gpuTest } from "./gpu.ts";

/** A convolution: input, weight and differences from PyTorch's defaults. */
type Case = [number[], number[], Partial<ConvolutionAttributes>?];

const CASES: Record<string, Case[]> = {
  "few channels": [
    [[2, 3, 5, 6], [8, 3, 3, 3], { padding: [1, 1] }],
    [[2, 5, 4, 4], [7, 5, 2, 3], { padding: [1, 0] }],
  ],
  "several tiles": [
    [[2, 16, 9, 9], [16, 16, 3, 3], { padding: [1, 1] }],
    [[1, 36, 5, 5], [70, 36, 3, 3], { padding: [1, 1] }],
    [[3, 20, 6, 6], [40, 20, 1, 1]],
  ],
  "strides and dilations": [
    [[2, 8, 7, 6], [4, 8, 1, 1], { stride: [2, 2] }],
    [[1, 4, 9, 10], [4, 4, 3, 2], { stride: [3, 2], padding: [2, 1], dilation: [2, 3] }],
    [[1, 4, 11, 8], [4, 4, 2, 2], { stride: [3, 4] }],
  ],
  groups: [
    [[2, 6, 5, 5], [4, 3, 3, 3], { groups: 2, padding: [1, 1] }],
    [[2, 5, 6, 6], [10, 1, 3, 3], { groups: 5, padding: [1, 1], stride: [2, 2] }],
    [[2, 8, 5, 5], [8, 1, 3, 3], { groups: 8, padding: [1, 1], dilation: [2, 1] }],
  ],
  "a kernel a channel": [
    [[2, 20, 9, 11], [20, 1, 3, 3], { groups: 20, padding: [1, 1] }],
    [[1, 70, 8, 9], [70, 1, 5, 5], { groups: 70, padding: [2, 2], stride: [2, 2] }],
    [[1, 8, 11, 10], [8, 1, 3, 2], {
      groups: 8,
      padding: [2, 1],
      stride: [1, 3],
      dilation: [3, 2],
    }],
    [[1, 8, 9, 9], [8, 1, 2, 2], { groups: 8, stride: [3, 4] }],
  ],
  "padding modes": [
    [[2, 4, 5, 6], [4, 4, 3, 3], { padding: [2, 1], paddingMode: "reflect" }],
    [[2, 4, 5, 6], [4, 4, 3, 3], { padding: [2, 1], paddingMode: "circular" }],
    [[1, 3, 6, 5], [3, 1, 3, 3], {
      padding: [1, 2],
      stride: [2, 1],
      groups: 3,
      paddingMode: "replicate",
    }],
  ],
};

for (const [name, cases] of Object.entries(CASES)) {
  gpuTest(`convolutions and their gradients agree with the reference: ${name}`, async () => {
    for (const [input, weight, changes] of cases) {
      const attributes: ConvolutionAttributes = {
        stride: [1, 1],
        padding: [0, 0],
        dilation: [1, 1],
        groups: 1,
        paddingMode: "zeros",
        ...changes,
      };
      const { outSize } = convolutionGeometry(input, weight, attributes);
      const output = [input[0], weight[0], ...outSize];
      await checkOp(conv2dOp, [input, weight, [weight[0]]], attributes);
      await checkOp(conv2dInputGradientOp, [output, weight], { ...attributes, inputShape: input });
      await checkOp(conv2dWeightGradientOp, [input, output], {
        ...attributes,
        weightShape: weight,
      });
    }
  });
}
