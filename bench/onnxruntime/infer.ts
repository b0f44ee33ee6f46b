/**
 * Inference speed of ONNX Runtime's CPU provider on a network that `overfold bench --inference`
 * measures: the same model, folded and exported by Overfold. Prints one JSON object.
 *
 *     deno run --allow-all bench/onnxruntime/infer.ts [--network cifar_resnet20_v1]
 *         [--batch-size 64] [--threads 2] [--steps 20]
 */
import * as ort from "npm:onnxruntime-node@1.30.0";
import { parseArgs } from "node:util";
import { foldModel } from "../../networks/fold.ts";
import { encodeOnnx } from "../../onnx/export.ts";
import { buildModel } from "../../models/registry.ts";
import { median } from "../../reporting/statistics.ts";

const { values: options } = parseArgs({
  options: {
    network: { type: "string", default: "cifar_resnet20_v1" },
    "batch-size": { type: "string", default: "64" },
    threads: { type: "string", default: "2" },
    steps: { type: "string", default: "20" },
  },
});

const WARM_UP_STEPS = 5;
const size = options.network.startsWith("cifar") ? 32 : 224;
const batchSize = Number(options["batch-size"]);
const threads = Number(options.threads);
const model = buildModel(options.network, {
  classes: 10,
  inputChannels: 3,
  inputSize: size,
  convolution: "do_conv",
});
model.initialize(0);
const network = foldModel(model, {
  model: options.network,
  input: { height: size, width: size, channels: 3 },
  normalization: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  classNames: Array.from({ length: 10 }, (_, i) => String(i)),
});
const session = await ort.InferenceSession.create(await encodeOnnx(network), {
  executionProviders: ["cpu"],
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  graphOptimizationLevel: "all",
});
const pixels = Float32Array.from({ length: batchSize * 3 * size * size }, (_, i) => i % 255 / 255);
const input = new ort.Tensor("float32", pixels, [batchSize, 3, size, size]);
const times: number[] = [];
for (let step = -WARM_UP_STEPS; step < Number(options.steps); step++) {
  const start = performance.now();
  await session.run({ input });
  if (step >= 0) times.push(performance.now() - start);
}
await session.release();
const millisecondsPerStep = median(times);
console.log(JSON.stringify({
  backend: "onnxruntime-node",
  network: options.network,
  threads,
  batchSize,
  imagesPerSecond: 1000 * batchSize / millisecondsPerStep,
  millisecondsPerStep,
}));
