/** All kernel families. */
import type { GraphNode } from "../../../graph/types.ts";
import { familyFinder } from "../../lowering.ts";
import type { KernelFamily } from "../kernel.ts";
import { augment } from "./augment.ts";
import { channelMoments, channelNormalizeReduce, channelSum } from "./channel_reductions.ts";
import { composeKernel } from "./compose_kernel.ts";
import { conv2d, conv2dInputGradient, conv2dWeightGradient } from "./conv2d.ts";
import { convertLayout } from "./convert_layout.ts";
import { countCorrect, crossEntropy, crossEntropyGradient } from "./cross_entropy.ts";
import { dropoutMask } from "./dropout_mask.ts";
import { elementwise } from "./elementwise.ts";
import { linear, matmul } from "./matmul.ts";
import { pack } from "./pack.ts";
import { pools } from "./pooling.ts";
import { softmax, softmaxGradient } from "./rows.ts";
import { sums } from "./sums.ts";

/** Every family but the elementwise one, which takes whatever op has an expression. */
const FAMILIES: readonly KernelFamily[] = [
  augment,
  channelMoments,
  channelNormalizeReduce,
  channelSum,
  composeKernel,
  conv2d,
  conv2dInputGradient,
  conv2dWeightGradient,
  convertLayout,
  countCorrect,
  crossEntropy,
  crossEntropyGradient,
  dropoutMask,
  linear,
  matmul,
  pack,
  ...pools,
  softmax,
  softmaxGradient,
  sums,
];

/** The family that lowers a node. Throws InputError for an op that has no kernel. */
export const familyOf: (node: GraphNode) => KernelFamily = familyFinder(
  "WebGPU",
  FAMILIES,
  elementwise,
);
