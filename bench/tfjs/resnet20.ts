/**
 * Training speed of TensorFlow.js with its WebGPU backend on the network `overfold bench` measures:
 * GluonCV's CIFAR ResNet-20 v1 with plain convolutions, SGD with momentum, random images. Prints one
 * JSON object.
 *
 *     deno run --no-lock --allow-env --allow-read bench/tfjs/resnet20.ts [--batch-size 8] [--steps 3]
 */
import "npm:@tensorflow/tfjs-backend-webgpu@4.22.0";
import * as tf from "npm:@tensorflow/tfjs-core@4.22.0";
import * as layers from "npm:@tensorflow/tfjs-layers@4.22.0";
import { parseArgs } from "node:util";

const { values: options } = parseArgs({
  options: {
    "batch-size": { type: "string", default: "8" },
    steps: { type: "string", default: "3" },
  },
});
const batchSize = Number(options["batch-size"]);

function convolution(x: layers.SymbolicTensor, filters: number, kernelSize: number, strides = 1) {
  const config = { filters, kernelSize, strides, padding: "same", useBias: false } as const;
  return layers.layers.conv2d(config).apply(x) as layers.SymbolicTensor;
}

function batchNorm(x: layers.SymbolicTensor) {
  return layers.layers.batchNormalization().apply(x) as layers.SymbolicTensor;
}

function relu(x: layers.SymbolicTensor) {
  return layers.layers.reLU().apply(x) as layers.SymbolicTensor;
}

/** GluonCV's CIFARBasicBlockV1. */
function block(x: layers.SymbolicTensor, filters: number, strides: number) {
  const body = relu(batchNorm(convolution(x, filters, 3, strides)));
  const residual = batchNorm(convolution(body, filters, 3));
  const same = strides === 1 && x.shape.at(-1) === filters;
  const shortcut = same ? x : batchNorm(convolution(x, filters, 1, strides));
  return relu(layers.layers.add().apply([residual, shortcut]) as layers.SymbolicTensor);
}

function resnet20() {
  const input = layers.input({ shape: [32, 32, 3] });
  let x = batchNorm(convolution(input, 16, 3));
  for (const [filters, strides] of [[16, 1], [32, 2], [64, 2]]) {
    for (let i = 0; i < 3; i++) x = block(x, filters, i === 0 ? strides : 1);
  }
  const pooled = layers.layers.globalAveragePooling2d({}).apply(x);
  const logits = layers.layers.dense({ units: 10 }).apply(pooled) as layers.SymbolicTensor;
  return layers.model({ inputs: input, outputs: logits });
}

await tf.setBackend("webgpu");
await tf.ready();
const model = resnet20();
const optimizer = tf.train.momentum(0.05, 0.9);
const images = tf.randomNormal([batchSize, 32, 32, 3]);
const labels = tf.oneHot(tf.randomUniform([batchSize], 0, 10, "int32"), 10);

async function step(): Promise<number> {
  const start = performance.now();
  const loss = optimizer.minimize(
    () =>
      tf.losses.softmaxCrossEntropy(labels, model.apply(images, { training: true }) as tf.Tensor),
    true,
  ) as tf.Scalar;
  await loss.data();
  loss.dispose();
  return performance.now() - start;
}

await step();
const times: number[] = [];
for (let i = 0; i < Number(options.steps); i++) times.push(await step());
const milliseconds = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
console.log(JSON.stringify({
  backend: `tfjs ${tf.version_core} ${tf.getBackend()}`,
  batchSize,
  imagesPerSecond: 1000 * batchSize / milliseconds,
  millisecondsPerStep: milliseconds,
}));
Deno.exit();
