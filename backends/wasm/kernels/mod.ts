/** The kernel families, and the one that computes an op. */
import type { GraphNode } from "../../../graph/types.ts";
import { familyFinder } from "../../lowering.ts";
import type { KernelFamily } from "../kernel.ts";
import { averagePool } from "./average_pool.ts";
import { erase, mix } from "./batch_changes.ts";
import { composeKernel } from "./compose_kernel.ts";
import { composeKernelDGradient } from "./compose_kernel_gradient.ts";
import { conv2d, conv2dInputGradient } from "./conv2d.ts";
import { conv2dWeightGradient } from "./conv2d_weight_gradient.ts";
import { channelMoves } from "./channel_moves.ts";
import { channelStatistics } from "./channel_statistics.ts";
import { pack } from "./copy.ts";
import { countCorrect } from "./count_correct.ts";
import { linear, matmul } from "./matmul.ts";
import { dropoutMask } from "./dropout_mask.ts";
import { gate } from "./gate.ts";
import { maxPool2d, maxPool2dGradient } from "./max_pool.ts";
import { preprocess } from "./preprocess.ts";
import { rowNormalize } from "./row_normalize.ts";
import { scalarReduction } from "./scalar_reduction.ts";
import { segmentReduction } from "./segment_reduction.ts";
import { softmax } from "./softmax.ts";
import { softmaxCrossEntropy, softmaxCrossEntropyGradient } from "./softmax_cross_entropy.ts";
import { elementwise } from "./elementwise.ts";
import { convertLayout } from "./convert_layout.ts";

/** All families but `elementwise`, which computes every op that is a scalar expression. */
const FAMILIES: readonly KernelFamily[] = [
  averagePool,
  channelMoves,
  ...channelStatistics,
  composeKernel,
  composeKernelDGradient,
  conv2d,
  conv2dInputGradient,
  conv2dWeightGradient,
  convertLayout,
  dropoutMask,
  erase,
  gate,
  linear,
  matmul,
  mix,
  countCorrect,
  maxPool2d,
  maxPool2dGradient,
  pack,
  preprocess,
  rowNormalize,
  scalarReduction,
  segmentReduction,
  softmax,
  softmaxCrossEntropy,
  softmaxCrossEntropyGradient,
];

/** The family that lowers a node. Throws InputError for an op that has no kernel. */
export const familyOf: (node: GraphNode) => KernelFamily = familyFinder(
  "CPU",
  FAMILIES,
  elementwise,
);
