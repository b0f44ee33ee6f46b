/** `overfold init`: a config to start from. */

import { AUGMENTATIONS } from "../datasets/augmentations/registry.ts";
import { DATASETS } from "../datasets/registry.ts";
import { InputError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { CONVOLUTIONS } from "../layers/convolutions.ts";
import { exists } from "../files/exists.ts";
import { OPTIMIZERS } from "../training/optimizers/registry.ts";
import { SCHEDULES } from "../training/schedules/registry.ts";
import type { Command } from "./command.ts";

/** A registry's names in a comment behind a value, on as many lines as they need. */
function namesOf(registry: object): string {
  const lines = [""];
  for (const name of Object.keys(registry)) {
    const last = lines[lines.length - 1];
    if (last === "") lines[lines.length - 1] = name;
    else if (last.length + name.length < 70) lines[lines.length - 1] = `${last}, ${name}`;
    else lines.push(name);
  }
  return lines.join(`,\n${" ".repeat(26)}# `);
}

/** What is written: a config that trains as it stands, with the other choices in comments. */
export const TEMPLATE = `# A config of Overfold. Train with it: overfold train FILE
# Lines that begin with "# " and a key show further choices. Every value can also be set on the
# command line: overfold train FILE --set training.epochs=5

# name: my-run            # the run's folder is output/name; by default the file's name
# output: runs
seed: 0
backend: auto             # auto, webgpu or cpu
threads: auto             # or a number of CPU threads, or {schedule: dynamic} on a busy machine
# precision: high         # convolutions on the CPU ten times as exact, and slower

data:
  dataset: mnist          # ${namesOf(DATASETS)};
                          # one with options: {name: synthetic, classes: 4}
  # root: path/to/files   # a folder that holds the dataset; by default it is downloaded
  # mirror: https://...   # tried before the official sources
  batchSize: 128
  validation: test        # or {from: train, count: 10000}: the last training images
  # subset: {train: 1000, test: 1000}   # only the first images
  # augmentation:         # ${namesOf(AUGMENTATIONS)}
  #   - {name: random_crop, padding: 4}   # pad by 4, then crop at random to the original size
  #   - horizontal_flip   # mirror left to right at random

model:
  # Either a model by name, such as cifar_resnet20_v1 or do_conv_net ...
  # name: cifar_resnet20_v1
  # ... or a list of layers. "convolution" is what the key of that name below says.
  layers:
    - convolution: {outChannels: 16, kernelSize: 3, padding: 1, bias: false}
    - batch_norm2d
    - relu
    - max_pool2d: {kernelSize: 2}
    - convolution: {outChannels: 32, kernelSize: 3, padding: 1, bias: false}
    - batch_norm2d
    - relu
    - max_pool2d: {kernelSize: 2}
    - convolution: {outChannels: 64, kernelSize: 3, padding: 1, bias: false}
    - batch_norm2d
    - relu
    - max_pool2d: {kernelSize: 2}
    - flatten
    - linear: {outFeatures: 10}
  convolution: do_conv    # ${
  Object.keys(CONVOLUTIONS).join(" or ")
}, or a mapping with that name and its options
  # convolutions: [{names: layer1, name: conv}]   # another kind for some of them
  # pretrained: FILE      # start from these weights: safetensors with PyTorch's names, or ONNX
  # replaceClassifier: true             # when they are for other classes

training:
  epochs: 3
  optimizer:
    name: sgd             # ${namesOf(OPTIMIZERS)}
    learningRate: 0.1
    momentum: 0.9
    nesterov: true
    weightDecay: 1e-4
    decayNormAndBias: false
  schedule:
    name: one_cycle       # ${namesOf(SCHEDULES)}
    # warmup: {epochs: 1} # linear, before the schedule starts; not needed with one_cycle
  # labelSmoothing: 0.1
  # clip: {norm: 1}       # or {value: 0.5}
  # ema: {decay: 0.999}   # validate and fold averaged weights
  # freeze: [conv1, layer1]             # leave these parameters as they are
  # learningRates: [{names: fc, factor: 10}]   # train these faster or slower

# checkpoints:
#   everySteps: 500       # besides every 5 minutes (everyMinutes) and after each epoch
fold: true                # fold the best checkpoint at the end
`;

/** `init [FILE]`. */
export const command: Command = {
  positionals: [{
    name: "FILE",
    help: "Where to write it; config.yaml by default",
    optional: true,
  }],
  options: { force: { short: "f", help: "Overwrite FILE if it exists" } },
  async run(args, context) {
    const file = args.positionals[0] ?? "config.yaml";
    if (!args.flag("force") && await exists(file)) {
      throw new InputError(
        `${file}: exists already; choose another name, or overwrite it with --force`,
      );
    }
    await writeFileAtomic(file, TEMPLATE);
    context.print(`Wrote ${file}. Train with it: overfold train ${file}`);
    context.emit({ file });
  },
};
