/** A training that takes a fraction of a second and has every kind of state: buffers, slots, averages. */
import type { Backend } from "../../backends/backend.ts";
import { cpuBackend } from "../../backends/wasm/mod.ts";
import { loadDataset, type LoadedDataset } from "../../datasets/open.ts";
import { buildModel, type BuildOptions } from "../../models/registry.ts";
import type { TrainOptions } from "../../training/train.ts";

/** Layers that output four numbers per image. */
export const TINY_BODY = [
  { do_conv2d: { outChannels: 4, kernelSize: 3, padding: 1 } },
  "batch_norm2d",
  "relu",
  "global_avg_pool2d",
  "flatten",
];

/** The model of {@link tinyTraining}, for `buildModel("layers", …)`. */
export const TINY_MODEL: BuildOptions = {
  classes: 3,
  inputChannels: 2,
  inputSize: 6,
  layers: [
    ...TINY_BODY,
    { dropout: { p: 0.2 } },
    { linear: { outFeatures: 3 } },
  ],
};

/** 20 training images of 6x6x2 in 3 classes, 7 test images. */
export function tinyDataset(): Promise<LoadedDataset> {
  return loadDataset({
    name: "synthetic",
    classes: 3,
    imageSize: 6,
    channels: 2,
    trainCount: 20,
    testCount: 7,
  });
}

/** Options of a training of 2 epochs of 4 steps, the last of each with fewer images. */
export async function tinyTraining(
  options: Partial<TrainOptions> = {},
  backend: Backend = cpuBackend({ threads: 1 }),
): Promise<TrainOptions> {
  const { train, test, statistics } = await tinyDataset();
  const model = buildModel("layers", TINY_MODEL);
  model.initialize(1);
  return {
    model,
    backend,
    train: train,
    validation: test,
    normalization: statistics,
    augmentation: [
      { name: "random_crop", padding: 1 },
      "horizontal_flip",
      { name: "random_erasing", value: "random" },
    ],
    mixing: { mixup: {}, cutmix: {}, mode: "elem" },
    augRepeats: 2,
    batchSize: 6,
    evaluationBatchSize: 4,
    dropLast: false,
    epochs: 2,
    optimizer: { name: "adam", learningRate: 0.01, amsgrad: true, weightDecay: 0.01 },
    schedule: { name: "one_cycle" },
    clip: { norm: 1 },
    ema: { decay: 0.9 },
    objective: { name: "classification", labelSmoothing: 0.1 },
    seed: 3,
    logEvery: 2,
    ...options,
  };
}
