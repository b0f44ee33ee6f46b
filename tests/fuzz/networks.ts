/** Tiny networks as files. */
import type { CheckpointHeader } from "../../checkpoints/checkpoint.ts";
import { foldModel } from "../../networks/fold.ts";
import { CHECKPOINT_FORMAT, FOLDED_FORMAT } from "../../safetensors/formats.ts";
import type { FoldedNetwork, NetworkDescription } from "../../networks/network.ts";
import { withChecksums } from "../../safetensors/checksums.ts";
import { START } from "../../checkpoints/run_state.ts";
import { encodeSafetensors, type Tensor } from "../../safetensors/safetensors.ts";
import type { Value } from "../../graph/types.ts";
import { BatchNorm2d } from "../../layers/batch_norm2d.ts";
import { Conv2d } from "../../layers/conv2d.ts";
import { Linear } from "../../layers/linear.ts";
import { Module } from "../../layers/module.ts";
import type { LayerSpec } from "../../layers/registry.ts";
import { buildModel } from "../../models/registry.ts";
import { add } from "../../ops/add.ts";
import { globalAvgPool2d } from "../../ops/global_avg_pool2d.ts";
import { relu } from "../../ops/relu.ts";
import { flatten } from "../../ops/reshape.ts";
import { softmax } from "../../ops/softmax.ts";
import { parseConfig } from "../../config/load.ts";
import { disturb } from "../support/disturb.ts";

const NETWORKS: readonly { size: number; channels: number; layers: readonly LayerSpec[] }[] = [
  {
    size: 6,
    channels: 1,
    layers: [
      { convolution: { outChannels: 2, kernelSize: 3, padding: 1 } },
      "batch_norm2d",
      "relu",
      { max_pool2d: { kernelSize: 2 } },
      { avg_pool2d: { kernelSize: 2, padding: 1 } },
      "flatten",
      { linear: { outFeatures: 3 } },
    ],
  },
  {
    size: 8,
    channels: 3,
    layers: [
      { conv2d: { outChannels: 8, kernelSize: 3, padding: 1, bias: false } },
      "batch_norm2d",
      { conv2d: { outChannels: 8, kernelSize: 3, groups: 8, padding: 1, paddingMode: "reflect" } },
      "tanh",
      { dropout: { p: 0.5 } },
      { do_conv2d: { outChannels: 4, kernelSize: 2, stride: 2 } },
      "global_avg_pool2d",
      "flatten",
      { linear: { outFeatures: 3 } },
    ],
  },
  {
    size: 9,
    channels: 3,
    layers: [
      {
        conv2d: {
          outChannels: 8,
          kernelSize: [3, 1],
          stride: [1, 2],
          dilation: 2,
          padding: 2,
          paddingMode: "circular",
        },
      },
      { max_pool2d: { kernelSize: 3, stride: 2, padding: 1, ceilMode: true } },
      { conv2d: { outChannels: 6, kernelSize: 1, groups: 2 } },
      "tanh",
      { avg_pool2d: { kernelSize: 2, stride: 1, padding: 1, countIncludePad: false } },
      "flatten",
      { linear: { outFeatures: 5 } },
      "relu",
      { linear: { outFeatures: 3 } },
    ],
  },
  {
    size: 6,
    channels: 3,
    layers: [
      { residual: [{ conv2d: { outChannels: 3, kernelSize: 3, padding: 1 } }, "gelu"] },
      { branches: [[], ["hard_swish", { squeeze_excitation: { squeezeChannels: 2 } }]] },
      { prelu: { perChannel: true } },
      { leaky_relu: { negativeSlope: 0.1 } },
      "layer_scale",
      "flatten",
      { linear: { outFeatures: 3 } },
    ],
  },
];

/** A network that no list of layers can express: it ends in probabilities. */
class Residual extends Module {
  stem = new Conv2d({ inChannels: 1, outChannels: 4, kernelSize: 3, padding: 1, bias: false });
  norm = new BatchNorm2d(4);
  conv = new Conv2d({ inChannels: 4, outChannels: 4, kernelSize: 3, padding: 1 });
  classifier = new Linear(4, 3);

  forward(x: Value): Value {
    const features = relu(this.norm.call(this.stem.call(x)));
    const sum = relu(add(this.conv.call(features), features));
    return softmax(this.classifier.call(flatten(globalAvgPool2d(sum))));
  }
}

/** The config of a run with images of this size. */
const configOf = (size: number, channels: number, layers: readonly LayerSpec[]) => ({
  backend: "cpu",
  data: {
    dataset: {
      name: "synthetic",
      classes: 3,
      imageSize: size,
      channels,
      trainCount: 8,
      testCount: 4,
    },
    batchSize: 4,
  },
  model: { convolution: "do_conv", layers },
  training: { epochs: 1, optimizer: { name: "sgd", learningRate: 0.1 } },
});

/** The sample networks with weights, and everything that a checkpoint states about each. */
export function tinyNetworks() {
  return NETWORKS.map(({ size, channels, layers }) => {
    const architecture = {
      name: "layers",
      options: {
        classes: 3,
        inputChannels: channels,
        inputSize: [size, size] as const,
        convolution: "do_conv" as const,
        layers,
      },
    };
    const description: NetworkDescription = {
      model: "layers",
      input: { height: size, width: size, channels },
      normalization: { mean: Array(channels).fill(0.5), std: Array(channels).fill(0.25) },
      classNames: ["ant", "bee", "cat"],
    };
    const model = buildModel(architecture.name, architecture.options);
    model.initialize(1);
    const { config } = parseConfig(JSON.stringify(configOf(size, channels, layers)), "tiny.yaml");
    return { model: disturb(model), architecture, description, config };
  });
}

/** The bytes of a network's checkpoint. */
export function checkpointFile(
  { model, architecture, description, config }: ReturnType<typeof tinyNetworks>[number],
  { checksums = false } = {},
): Uint8Array {
  const header: CheckpointHeader = {
    description,
    architecture,
    config,
    seed: 1,
    backend: { name: "cpu", threads: 1, description: "CPU" },
    state: START,
    metricsBytes: 0,
  };
  const tensors = new Map(
    [...model.stateDict()].map(([name, { shape, data }]): [string, Tensor] => [
      name,
      { dtype: "F32", shape, data: Float32Array.from(data, Number) },
    ]),
  );
  const metadata = { format: CHECKPOINT_FORMAT, checkpoint: JSON.stringify(header) };
  return encodeSafetensors(tensors, checksums ? withChecksums(tensors, metadata) : metadata);
}

/** The tiny networks folded, and one more. */
export function foldedNetworks(): FoldedNetwork[] {
  const networks = tinyNetworks();
  const residual = new Residual();
  residual.initialize(1);
  return [
    ...networks.map(({ model, description }) => foldModel(model, description)),
    foldModel(disturb(residual), networks[0].description),
  ];
}

/** The bytes of a folded network's file. */
export function foldedFile({ tensors, description, program }: FoldedNetwork): Uint8Array {
  return encodeSafetensors(tensors, {
    format: FOLDED_FORMAT,
    network: JSON.stringify(description),
    program: JSON.stringify(program),
  });
}
