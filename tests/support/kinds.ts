/** Every kind of fixture and its check. A new kind is a file in `kinds/` and a line here. */
import { activation } from "./kinds/activation.ts";
import { add } from "./kinds/add.ts";
import { batchNorm } from "./kinds/batch_norm.ts";
import { binaryCrossEntropyWithLogits } from "./kinds/binary_cross_entropy_with_logits.ts";
import { calibrationError } from "./kinds/calibration_error.ts";
import { channelShuffle, concatenation } from "./kinds/channels.ts";
import { classActivation } from "./kinds/class_activation.ts";
import { classificationReport } from "./kinds/classification_report.ts";
import { clipGradNorm, clipGradValue } from "./kinds/clip_grad.ts";
import { conv2d } from "./kinds/conv2d.ts";
import { doConvLayer } from "./kinds/do_conv_layer.ts";
import { dropout, dropout2d, stochasticDepth } from "./kinds/dropout.ts";
import { ema } from "./kinds/ema.ts";
import { folding } from "./kinds/folding.ts";
import type { Kind } from "./kinds/kind.ts";
import { mixedCrossEntropy } from "./kinds/mixed_cross_entropy.ts";
import { cutmix, mixup } from "./kinds/mixing.ts";
import { linear } from "./kinds/linear.ts";
import { lrSchedule } from "./kinds/lr_schedule.ts";
import { network } from "./kinds/network.ts";
import { norms } from "./kinds/norms.ts";
import { optimizer } from "./kinds/optimizer.ts";
import { pickle } from "./kinds/pickle.ts";
import { picture } from "./kinds/picture.ts";
import { adaptiveAvgPool, avgPool, globalAvgPool, maxPool } from "./kinds/pooling.ts";
import { relu } from "./kinds/relu.ts";
import { groupNorm, layerNormChannels } from "./kinds/row_norms.ts";
import { reparameterized } from "./kinds/reparameterized.ts";
import { softmaxCrossEntropy } from "./kinds/softmax_cross_entropy.ts";
import { squeezeExcitation } from "./kinds/squeeze_excitation.ts";
import { temperatureScaling } from "./kinds/temperature_scaling.ts";
import { topK } from "./kinds/top_k.ts";
import { torchvisionModel } from "./kinds/torchvision_model.ts";
import { trainedModel } from "./kinds/trained_model.ts";
import { transform } from "./kinds/transform.ts";
import { weightedCrossEntropy } from "./kinds/weighted_cross_entropy.ts";

/** The kinds by their names in fixtures. */
export const KINDS: Readonly<Record<string, Kind>> = {
  activation,
  adaptive_avg_pool: adaptiveAvgPool,
  add,
  avg_pool: avgPool,
  batch_norm: batchNorm,
  binary_cross_entropy_with_logits: binaryCrossEntropyWithLogits,
  calibration_error: calibrationError,
  channel_shuffle: channelShuffle,
  class_activation: classActivation,
  classification_report: classificationReport,
  clip_grad_norm: clipGradNorm,
  clip_grad_value: clipGradValue,
  concat: concatenation,
  conv2d,
  cutmix,
  do_conv_layer: doConvLayer,
  dropout,
  dropout2d,
  ema,
  folding,
  global_avg_pool: globalAvgPool,
  group_norm: groupNorm,
  layer_norm_channels: layerNormChannels,
  linear,
  lr_schedule: lrSchedule,
  max_pool: maxPool,
  mixed_cross_entropy: mixedCrossEntropy,
  mixup,
  network,
  norms,
  optimizer,
  pickle,
  picture,
  relu,
  reparameterized,
  softmax_cross_entropy: softmaxCrossEntropy,
  squeeze_excitation: squeezeExcitation,
  stochastic_depth: stochasticDepth,
  temperature_scaling: temperatureScaling,
  top_k: topK,
  torchvision_model: torchvisionModel,
  trained_model: trainedModel,
  transform,
  weighted_cross_entropy: weightedCrossEntropy,
};
