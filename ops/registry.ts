/** Every op by name: for programs read from a file, and for tests over all ops. */
import { constantOp, inputOp, variableOp } from "../graph/leaves.ts";
import type { Op } from "../graph/types.ts";
import { adamUpdateOp } from "./adam_update.ts";
import { adaptiveAvgPool2dGradientOp, adaptiveAvgPool2dOp } from "./adaptive_avg_pool2d.ts";
import { addOp } from "./add.ts";
import { addBiasOp } from "./add_bias.ts";
import { avgPool2dGradientOp, avgPool2dOp } from "./avg_pool2d.ts";
import {
  binaryCrossEntropyWithLogitsGradientOp,
  binaryCrossEntropyWithLogitsOp,
} from "./binary_cross_entropy_with_logits.ts";
import { binaryOutcomesOp } from "./binary_outcomes.ts";
import { channelAffineOp } from "./channel_affine.ts";
import { channelMomentsGradientOp, channelMomentsOp } from "./channel_moments.ts";
import {
  channelNormalizeInputGradientOp,
  channelNormalizeOp,
  channelNormalizeReduceOp,
} from "./channel_normalize.ts";
import { channelScaleOp } from "./channel_scale.ts";
import { channelShuffleOp } from "./channel_shuffle.ts";
import { channelSumOp } from "./channel_sum.ts";
import { clipByValueOp } from "./clip_by_value.ts";
import { clipFactorOp } from "./clip_factor.ts";
import {
  composeKernelDGradientOp,
  composeKernelOp,
  composeKernelWGradientOp,
} from "./compose_kernel.ts";
import { concatOp, splitOp } from "./concat.ts";
import { conv2dInputGradientOp, conv2dOp, conv2dWeightGradientOp } from "./conv2d.ts";
import { countCorrectOp } from "./count_correct.ts";
import { detachOp } from "./detach.ts";
import { divideScalarOp } from "./divide_scalar.ts";
import { dropoutMaskOp } from "./dropout_mask.ts";
import { eluGradientOp, eluOp } from "./elu.ts";
import { eraseOp } from "./erase.ts";
import { fillOp } from "./fill.ts";
import { gateOp } from "./gate.ts";
import { geluGradientOp, geluOp } from "./gelu.ts";
import { globalAvgPool2dGradientOp, globalAvgPool2dOp } from "./global_avg_pool2d.ts";
import { hardSigmoidGradientOp, hardSigmoidOp } from "./hard_sigmoid.ts";
import { hardSwishGradientOp, hardSwishOp } from "./hard_swish.ts";
import { leakyReluGradientOp, leakyReluOp } from "./leaky_relu.ts";
import { linearOp } from "./linear.ts";
import { matmulOp } from "./matmul.ts";
import { maxPool2dGradientOp, maxPool2dOp } from "./max_pool2d.ts";
import { maximumMagnitudeOp } from "./maximum_magnitude.ts";
import { mishGradientOp, mishOp } from "./mish.ts";
import { mixOp } from "./mix.ts";
import { movingAverageOp } from "./moving_average.ts";
import { multiplyOp } from "./multiply.ts";
import { multiplyScalarOp } from "./multiply_scalar.ts";
import { packOp } from "./pack.ts";
import { preluGradientOp, preluOp, preluSlopeGradientOp } from "./prelu.ts";
import { preprocessOp } from "./preprocess.ts";
import { reluGradientOp, reluOp } from "./relu.ts";
import { relu6GradientOp, relu6Op } from "./relu6.ts";
import { reshapeOp } from "./reshape.ts";
import { rmspropUpdateOp } from "./rmsprop_update.ts";
import {
  groupNormalizeGradientOp,
  groupNormalizeOp,
  pixelNormalizeGradientOp,
  pixelNormalizeOp,
} from "./row_normalize.ts";
import { scaleOp } from "./scale.ts";
import { segmentSumSquaresOp } from "./segment_sum_squares.ts";
import { sgdUpdateOp } from "./sgd_update.ts";
import { sigmoidGradientOp, sigmoidOp } from "./sigmoid.ts";
import { siluGradientOp, siluOp } from "./silu.ts";
import { sliceOp } from "./slice.ts";
import { logSoftmaxGradientOp, logSoftmaxOp, softmaxGradientOp, softmaxOp } from "./softmax.ts";
import { softmaxCrossEntropyGradientOp, softmaxCrossEntropyOp } from "./softmax_cross_entropy.ts";
import { softplusGradientOp, softplusOp } from "./softplus.ts";
import { subtractOp } from "./subtract.ts";
import { sumOp } from "./sum.ts";
import { sumMagnitudesOp } from "./sum_magnitudes.ts";
import { sumSquaresOp } from "./sum_squares.ts";
import { tanhGradientOp, tanhOp } from "./tanh.ts";
import { updateLossScaleOp } from "./update_loss_scale.ts";
import { whereFiniteOp } from "./where_finite.ts";

const ALL: readonly Op[] = [
  constantOp,
  inputOp,
  variableOp,
  adamUpdateOp,
  adaptiveAvgPool2dOp,
  adaptiveAvgPool2dGradientOp,
  addOp,
  addBiasOp,
  avgPool2dOp,
  avgPool2dGradientOp,
  binaryCrossEntropyWithLogitsOp,
  binaryCrossEntropyWithLogitsGradientOp,
  binaryOutcomesOp,
  channelAffineOp,
  channelMomentsOp,
  channelMomentsGradientOp,
  channelNormalizeOp,
  channelNormalizeInputGradientOp,
  channelNormalizeReduceOp,
  channelScaleOp,
  channelShuffleOp,
  channelSumOp,
  clipByValueOp,
  clipFactorOp,
  composeKernelOp,
  composeKernelWGradientOp,
  composeKernelDGradientOp,
  concatOp,
  splitOp,
  conv2dOp,
  conv2dInputGradientOp,
  conv2dWeightGradientOp,
  countCorrectOp,
  detachOp,
  divideScalarOp,
  dropoutMaskOp,
  eluOp,
  eluGradientOp,
  eraseOp,
  fillOp,
  gateOp,
  geluOp,
  geluGradientOp,
  globalAvgPool2dOp,
  globalAvgPool2dGradientOp,
  hardSigmoidOp,
  hardSigmoidGradientOp,
  hardSwishOp,
  hardSwishGradientOp,
  leakyReluOp,
  leakyReluGradientOp,
  linearOp,
  matmulOp,
  maxPool2dOp,
  maxPool2dGradientOp,
  maximumMagnitudeOp,
  mishOp,
  mishGradientOp,
  mixOp,
  movingAverageOp,
  multiplyOp,
  multiplyScalarOp,
  packOp,
  preluOp,
  preluGradientOp,
  preluSlopeGradientOp,
  preprocessOp,
  reluOp,
  reluGradientOp,
  relu6Op,
  relu6GradientOp,
  reshapeOp,
  rmspropUpdateOp,
  groupNormalizeOp,
  groupNormalizeGradientOp,
  pixelNormalizeOp,
  pixelNormalizeGradientOp,
  scaleOp,
  segmentSumSquaresOp,
  sgdUpdateOp,
  sigmoidOp,
  sigmoidGradientOp,
  siluOp,
  siluGradientOp,
  sliceOp,
  softmaxOp,
  softmaxGradientOp,
  logSoftmaxOp,
  logSoftmaxGradientOp,
  softmaxCrossEntropyOp,
  softmaxCrossEntropyGradientOp,
  softplusOp,
  softplusGradientOp,
  subtractOp,
  sumOp,
  sumMagnitudesOp,
  sumSquaresOp,
  tanhOp,
  tanhGradientOp,
  updateLossScaleOp,
  whereFiniteOp,
];

/** The ops by name. A new op is one import and one line above. */
export const OPS: ReadonlyMap<string, Op> = new Map(ALL.map((op) => [op.name, op]));
