/**
 * Overfold: convolutional networks that are over-parameterized while they train and folded flat
 * before they ship.
 *
 * Layers are plain objects whose `forward` traces ops into a tensor program; `train` runs that
 * program on a {@link Backend}; `foldModel` leaves plain convolutions.
 *
 * @example A custom layer, trained and folded: `examples/custom_layer.ts`. A custom kind of
 *   convolution, source of images and objective: `examples/extensions.ts`.
 * @module
 */

// The tensor program
export {
  Parameter,
  type ParameterOptions,
  type ParameterRole,
  type RandomSource,
} from "./graph/parameter.ts";
export type { AttributeRule, AttributeRules } from "./graph/attribute_rules.ts";
export type { LinearMap } from "./graph/linear_map.ts";
export { onnxOp } from "./graph/onnx_nodes.ts";
export type { OnnxAttribute, OnnxNodes } from "./graph/onnx_nodes.ts";
export {
  type Binding,
  constant,
  input,
  isTraining,
  type Operand,
  output,
  trace,
  type TraceOptions,
} from "./graph/trace.ts";
export type {
  Arithmetic,
  Attributes,
  DType,
  Elementwise,
  GradientContext,
  GraphNode,
  HostTensor,
  InferenceForm,
  Op,
  Program,
  Sample,
  SampleOperand,
  Shape,
  TensorType,
  Update,
  Value,
  Variable,
} from "./graph/types.ts";
export { foldConstants } from "./graph/passes/mod.ts";
export { elu, type EluOptions } from "./ops/elu.ts";
export { gate } from "./ops/gate.ts";
export { gelu, type GeluOptions } from "./ops/gelu.ts";
export { CHOSEN, classActivationMap, classActivationProgram } from "./ops/class_activation.ts";
export { gradients, vectorJacobianProduct } from "./ops/gradients.ts";
export { type Broadcast, type ElementwiseDefinition, elementwiseOp } from "./ops/elementwise.ts";
export { add } from "./ops/add.ts";
export { addBias } from "./ops/add_bias.ts";
export {
  type BinaryCrossEntropyOptions,
  binaryCrossEntropyWithLogits,
} from "./ops/binary_cross_entropy_with_logits.ts";
export { adaptiveAvgPool2d } from "./ops/adaptive_avg_pool2d.ts";
export { avgPool2d, type AvgPool2dOptions } from "./ops/avg_pool2d.ts";
export {
  type BinaryOutcomes,
  binaryOutcomes,
  type BinaryOutcomesAttributes,
} from "./ops/binary_outcomes.ts";
export { channelShuffle } from "./ops/channel_shuffle.ts";
export { concat, split } from "./ops/concat.ts";
export { channelAffine } from "./ops/channel_affine.ts";
export { channelScale } from "./ops/channel_scale.ts";
export { channelSum } from "./ops/channel_sum.ts";
export { composeKernel, type ComposeKernelOptions, type Pairing } from "./ops/compose_kernel.ts";
export { conv2d, type Conv2dOptions as Conv2dOpOptions } from "./ops/conv2d.ts";
export { countCorrect, type CountCorrectAttributes } from "./ops/count_correct.ts";
export type { PaddingMode, Pair } from "./ops/convolution_geometry.ts";
export { detach } from "./ops/detach.ts";
export { fill } from "./ops/fill.ts";
export { foldForInference, type FoldOptions } from "./ops/fold_for_inference.ts";
export { globalAvgPool2d } from "./ops/global_avg_pool2d.ts";
export { hardSigmoid } from "./ops/hard_sigmoid.ts";
export { hardSwish } from "./ops/hard_swish.ts";
export { leakyRelu, type LeakyReluOptions } from "./ops/leaky_relu.ts";
export { linear } from "./ops/linear.ts";
export { matmul, type MatmulAttributes } from "./ops/matmul.ts";
export { maxPool2d, type MaxPool2dOptions } from "./ops/max_pool2d.ts";
export { mish } from "./ops/mish.ts";
export type { PoolingOptions } from "./ops/pooling_geometry.ts";
export { multiply } from "./ops/multiply.ts";
export { multiplyScalar } from "./ops/multiply_scalar.ts";
export { prelu } from "./ops/prelu.ts";
export { relu } from "./ops/relu.ts";
export { relu6 } from "./ops/relu6.ts";
export { flatten, reshape } from "./ops/reshape.ts";
export { rowScale } from "./ops/row_scale.ts";
export { scale } from "./ops/scale.ts";
export { sigmoid } from "./ops/sigmoid.ts";
export { silu } from "./ops/silu.ts";
export { logSoftmax, softmax } from "./ops/softmax.ts";
export {
  type Reduction,
  softmaxCrossEntropy,
  type SoftmaxCrossEntropyAttributes,
  type SoftmaxCrossEntropyOptions,
} from "./ops/softmax_cross_entropy.ts";
export { softplus, type SoftplusOptions } from "./ops/softplus.ts";
export { subtract } from "./ops/subtract.ts";
export { groupNorm, layerNorm2d, type RowNormalizeOptions } from "./ops/row_normalize.ts";
export { sum } from "./ops/sum.ts";
export { tanh } from "./ops/tanh.ts";

// Layers and models
export {
  ELU,
  GELU,
  Hardsigmoid,
  Hardswish,
  LeakyReLU,
  Mish,
  ReLU,
  ReLU6,
  Sigmoid,
  SiLU,
  Softplus,
  Tanh,
} from "./layers/activations.ts";
export { BatchNorm2d } from "./layers/batch_norm2d.ts";
export type { BatchNorm2dOptions } from "./layers/batch_norm_options.ts";
export { type BlockEntry, BLOCKS, Branches, Concat, Residual } from "./layers/blocks.ts";
export { ChannelShuffle } from "./layers/channel_shuffle.ts";
export { Conv2d } from "./layers/conv2d.ts";
export { type Conv2dOptions, convolutionBias, kernelShape } from "./layers/convolution_options.ts";
export { convolutionFactory, CONVOLUTIONS, type ConvolutionSpec } from "./layers/convolutions.ts";
export type {
  ConvolutionFactory,
  ConvolutionOptions,
  ConvolutionPlace,
} from "./layers/convolutions/entry.ts";
export { DoConv2d, type DoConv2dOptions } from "./layers/do_conv2d.ts";
export {
  Dropout,
  Dropout2d,
  type DropoutOptions,
  RandomDrop,
  StochasticDepth,
} from "./layers/dropout.ts";
export { Flatten } from "./layers/flatten.ts";
export { Identity } from "./layers/identity.ts";
export { type Initializer, kaimingNormal, kaimingUniform } from "./layers/init.ts";
export { LayerScale, type LayerScaleOptions } from "./layers/layer_scale.ts";
export { Linear, type LinearOptions } from "./layers/linear.ts";
export { type LoadOptions, Module, type StateDict, type StateTensor } from "./layers/module.ts";
export { PReLU, type PReLUOptions } from "./layers/prelu.ts";
export { AdaptiveAvgPool2d, AvgPool2d, GlobalAvgPool2d, MaxPool2d } from "./layers/pooling.ts";
export { type LayerName, LAYERS, type LayerSpec } from "./layers/registry.ts";
export { GroupNorm, LayerNorm2d, RowNorm, type RowNormOptions } from "./layers/row_norms.ts";
export { NamedSequential, Sequential } from "./layers/sequential.ts";
export { SqueezeExcitation, type SqueezeExcitationOptions } from "./layers/squeeze_excitation.ts";
export type { ModelOptions } from "./models/options.ts";
export type { NamedConvolution } from "./models/named_convolutions.ts";
export { buildModel, type BuildOptions, listModels } from "./models/registry.ts";
export { type ImageFormat, inferenceProgram } from "./models/inference.ts";
export {
  type FoldedLayerSummary,
  type FormSummary,
  type LayerSummary,
  type ModelSummary,
  type NetworkSummary,
  summarizeModel,
  summarizeNetwork,
} from "./models/summary.ts";

// Data
export {
  type DatasetChoice,
  type DatasetOptions,
  loadDataset,
  type LoadedDataset,
  openDataset,
} from "./datasets/open.ts";
export { datasetNames, DATASETS } from "./datasets/registry.ts";
export type {
  ChannelStatistics,
  DatasetInfo,
  OpenDataset,
  OpenOptions,
  Splits,
} from "./datasets/dataset.ts";
export {
  emptyTargets,
  type ImageShape,
  type ImageSource,
  LABELS,
  multiHot,
  readImages,
  requireRange,
  type SourceHandle,
  type TargetArrays,
  type TargetColumn,
  type TargetDType,
  type TargetField,
} from "./datasets/image_source.ts";
export { emptyLabelled, type MemoryImages, MemorySource } from "./datasets/sources/memory.ts";
export { inSeveralViews } from "./datasets/sources/transformed.ts";
export { type TestTime, viewCount } from "./datasets/test_time.ts";
export { type AugmentationChoice, AUGMENTATIONS } from "./datasets/augmentations/registry.ts";
export { MIXING, type MixingOptions } from "./datasets/mixing/options.ts";
export { type Preset, type PresetName, presetOf, PRESETS } from "./datasets/presets.ts";
export { type TransformChoice, TRANSFORMS } from "./datasets/transforms/registry.ts";
export { type CacheChoice, CACHES } from "./datasets/caches/registry.ts";
export type { FreshPicture, KeepsPictures } from "./datasets/keeps_pictures.ts";
export type { Views } from "./datasets/views.ts";
export type { OnError } from "./datasets/sources/picture_files.ts";
export type { Colour } from "./files/pixels.ts";
export type { DownloadProgress } from "./datasets/download.ts";
export type { LocateOptions } from "./datasets/published_files.ts";

// Training
export type { TrainingChanges } from "./training/image_input.ts";
export { train, type TrainingRunOptions, type TrainOptions } from "./training/train.ts";
export type { Ranks } from "./ranks/ranks.ts";
export { type ClassAccuracy, type Confusion, ConfusionMatrix } from "./training/confusion.ts";
export {
  calibrateNetwork,
  type CalibrationFigures,
  type CalibrationResult,
} from "./training/calibrate.ts";
export { Calibration, type CalibrationBin } from "./training/metrics/calibration.ts";
export { averagePrecision, meanAveragePrecision } from "./training/metrics/average_precision.ts";
export {
  classScores,
  type DecisionCounts,
  type DecisionScores,
  macroScores,
  microScores,
} from "./training/metrics/decisions.ts";
export type { MetricInfo, MetricInfos } from "./training/metrics/metric.ts";
export type { Monitor } from "./training/metrics/monitor.ts";
export type {
  BatchField,
  EvaluationReport,
  NetworkClasses,
  Objective,
} from "./training/objectives/objective.ts";
export type {
  ImageTally,
  Judgement,
  MetricTally,
  TargetRows,
} from "./training/objectives/tally.ts";
export { type ObjectiveChoice, objectiveOf, OBJECTIVES } from "./training/objectives/registry.ts";
export { describeNetwork } from "./training/description.ts";
export {
  type EvaluatedNetwork,
  evaluateNetwork,
  type EvaluateOptions,
} from "./training/evaluate.ts";
export { RECIPE, type Recipe } from "./training/recipe.ts";
export { RUN, type RunOptions } from "./training/run_options.ts";
export { type OptimizerOptions, OPTIMIZERS } from "./training/optimizers/registry.ts";
export { type ScheduleOptions, SCHEDULES } from "./training/schedules/registry.ts";
export type {
  EpochEvent,
  LoopHooks,
  PartEvent,
  StartEvent,
  StepEvent,
  TrainingObserver,
  TrainingOutcome,
  TrainingStore,
} from "./training/observer.ts";
export type { TimingEntry } from "./training/log_rows.ts";
export type { Memory, Metrics, RunState, Sums } from "./checkpoints/run_state.ts";

// Backends
export type {
  Backend,
  BackendRecord,
  Executable,
  KernelTiming,
  MemoryPlan,
  Numerics,
  TensorData,
} from "./backends/backend.ts";
export {
  BACKEND_NAMES,
  type BackendName,
  type BackendOptions,
  FORM_NAMES,
  type FormName,
  openBackend,
  PRECISION_NAMES,
  type PrecisionName,
  referenceBackend,
  type ThreadCount,
  type ThreadOptions,
  type TuningStore,
} from "./backends/registry.ts";
export { fileTuningStore } from "./backends/webgpu/tuning_store.ts";

// Files and folding
export type { Activation } from "./networks/activation.ts";
export type {
  Architecture,
  Checkpoint,
  CheckpointHeader,
  TrainingTensors,
} from "./checkpoints/checkpoint.ts";
export { authorsState } from "./weights/export_authors.ts";
export { foldModel, type FoldVerification, verifyFold } from "./networks/fold.ts";
export {
  type Adopted,
  type AdoptOptions,
  adoptState,
  type ForeignState,
  readForeignState,
} from "./weights/import.ts";
export type { OptionForm } from "./weights/misfit.ts";
export { locateWeights, type LocateWeightsOptions } from "./weights/published_weights.ts";
export { encodeOnnx, type OnnxOptions } from "./onnx/export.ts";
export type { OnnxDType, OnnxDType as OnnxPrecision } from "./onnx/graph.ts";
export { type ComparedNetwork, verifyOnnx } from "./onnx/verify.ts";
export { type FoldedNetwork, type NetworkDescription, networkProgram } from "./networks/network.ts";
export { readFoldedNetwork, writeFoldedNetwork } from "./networks/network_file.ts";
export { type LoadedNetwork, loadNetwork } from "./checkpoints/load.ts";
export type { StoredNode, StoredProgram, StoredReference } from "./networks/program.ts";
export type {
  Arrays as TensorArrays,
  Dtype as TensorDtype,
  Safetensors,
  Tensor,
} from "./safetensors/safetensors.ts";
export { readSafetensors, writeSafetensors } from "./safetensors/file.ts";
export type { Disk, DiskFile } from "./files/disk.ts";
export { InputError, type OptionPath, RunError, UserError } from "./errors.ts";
export {
  type BareNameOf,
  type Choice,
  type OptionsOf,
  type ParsedChoice,
  type ParsedOptionsOf,
  type SchemaRegistry,
} from "./schema/entry.ts";
