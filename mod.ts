/**
 * Overfold: convolutional networks that are over-parameterized while they train and folded flat
 * before they ship.
 *
 * Layers are plain objects whose `forward` traces ops into a tensor program; `train` runs that
 * program on a {@link Backend}; `foldModel` leaves plain convolutions.
 *
 * @example A custom layer, trained and folded: `examples/custom_layer.ts`.
 * @module
 */

// The tensor program
export { Parameter, type ParameterOptions, type RandomSource } from "./graph/parameter.ts";
export { constant, input, isTraining, type Operand, output, trace } from "./graph/trace.ts";
export type { Program, Shape, Value } from "./graph/types.ts";
export { foldConstants } from "./graph/passes/mod.ts";
export { gradients, vectorJacobianProduct } from "./ops/gradients.ts";
export { elementwiseOp } from "./ops/elementwise.ts";
export { add } from "./ops/add.ts";
export { avgPool2d } from "./ops/avg_pool2d.ts";
export { composeKernel } from "./ops/compose_kernel.ts";
export { conv2d } from "./ops/conv2d.ts";
export { fill } from "./ops/fill.ts";
export { globalAvgPool2d } from "./ops/global_avg_pool2d.ts";
export { linear } from "./ops/linear.ts";
export { matmul } from "./ops/matmul.ts";
export { maxPool2d } from "./ops/max_pool2d.ts";
export { multiply } from "./ops/multiply.ts";
export { multiplyScalar } from "./ops/multiply_scalar.ts";
export { relu } from "./ops/relu.ts";
export { flatten, reshape } from "./ops/reshape.ts";
export { scale } from "./ops/scale.ts";
export { logSoftmax, softmax } from "./ops/softmax.ts";
export { softmaxCrossEntropy } from "./ops/softmax_cross_entropy.ts";
export { subtract } from "./ops/subtract.ts";
export { tanh } from "./ops/tanh.ts";

// Layers and models
export { ReLU, Tanh } from "./layers/activations.ts";
export { BatchNorm2d, type BatchNorm2dOptions } from "./layers/batch_norm2d.ts";
export { Conv2d, type Conv2dOptions } from "./layers/conv2d.ts";
export { DoConv2d, type DoConv2dOptions } from "./layers/do_conv2d.ts";
export { Dropout } from "./layers/dropout.ts";
export { Flatten } from "./layers/flatten.ts";
export { type Initializer, kaimingNormal, kaimingUniform } from "./layers/init.ts";
export { Linear } from "./layers/linear.ts";
export { Module } from "./layers/module.ts";
export { AvgPool2d, GlobalAvgPool2d, MaxPool2d } from "./layers/pooling.ts";
export { Sequential } from "./layers/sequential.ts";
export { buildModel, type BuildOptions, listModels } from "./models/registry.ts";
export { type ImageFormat, inferenceProgram } from "./models/inference.ts";
export { type ModelSummary, summarizeModel } from "./models/summary.ts";

// Data
export { type DatasetOptions, loadDataset, type LoadedDataset } from "./datasets/load.ts";
export { datasetNames } from "./datasets/registry.ts";
export type { Split } from "./datasets/dataset.ts";

// Training
export { train, type TrainOptions } from "./training/train.ts";
export { evaluateNetwork } from "./training/evaluate.ts";
export type {
  ClipOptions,
  EmaOptions,
  OptimizerOptions,
  ScheduleOptions,
} from "./training/options.ts";
export type {
  EpochEvent,
  StepEvent,
  TrainingObserver,
  TrainingOutcome,
} from "./training/trainer.ts";

// Backends
export type { Backend, Executable, MemoryPlan } from "./backends/backend.ts";
export { type BackendOptions, openBackend } from "./backends/registry.ts";
export { referenceBackend } from "./backends/reference/reference.ts";

// Files and folding
export { authorsState } from "./checkpoints/export_authors.ts";
export {
  foldModel,
  type FoldOptions,
  type FoldVerification,
  verifyFold,
} from "./checkpoints/fold.ts";
export {
  type AdoptOptions,
  adoptState,
  type ForeignState,
  readForeignState,
} from "./checkpoints/import.ts";
export { encodeOnnx, type OnnxOptions } from "./checkpoints/onnx.ts";
export { verifyOnnx } from "./checkpoints/onnx_verify.ts";
export {
  type FoldedNetwork,
  type NetworkDescription,
  networkProgram,
  readFoldedNetwork,
  writeFoldedNetwork,
} from "./checkpoints/network.ts";
export { type LoadedNetwork, loadNetwork } from "./checkpoints/load.ts";
export { readSafetensors, type Tensor, writeSafetensors } from "./checkpoints/safetensors.ts";
export { InputError, RunError, UserError } from "./errors.ts";
