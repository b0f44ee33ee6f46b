/**
 * The costs of each kind of convolution in training and folded, as a Markdown table: parameters,
 * the largest difference of the folded network's logits from the unfolded network's and of ONNX
 * Runtime's from its own, and speed and memory of a training step relative to plain convolutions,
 * which are timed again before each.
 *
 *     deno run --allow-all bench/convolutions.ts [--network cifar_resnet20_v1] [--steps 5] [--rounds 3]
 *
 * Statistics are those of random images, times random factors; scales and shifts are random, too.
 * `--rounds 0` skips the timing.
 */
import { parseArgs } from "node:util";
import type { Backend } from "../backends/backend.ts";
import { cpuBackend } from "../backends/wasm/mod.ts";
import { foldModel, verifyFold } from "../networks/fold.ts";
import { networkProgram } from "../networks/network.ts";
import { encodeOnnx } from "../onnx/export.ts";
import { verifyOnnx } from "../onnx/verify.ts";
import { programInputs } from "../graph/leaves.ts";
import { RandomStream, STREAM } from "../graph/random.ts";
import { input, output, trace } from "../graph/trace.ts";
import { sizeOf } from "../graph/types.ts";
import { convolutionFactory, CONVOLUTIONS } from "../layers/convolutions.ts";
import type { Module } from "../layers/module.ts";
import { DROPOUT_STEP } from "../layers/dropout.ts";
import { BUFFERS, layoutState } from "../layers/state.ts";
import { buildModel } from "../models/registry.ts";
import { summarizeModel } from "../models/summary.ts";
import { formatCount } from "../reporting/format.ts";
import { median } from "../reporting/statistics.ts";
import { lastLine, overfoldBench } from "./rival.ts";

const { values: { network, steps, rounds, ...options } } = parseArgs({
  options: {
    network: { type: "string", default: "cifar_resnet20_v1" },
    steps: { type: "string", default: "5" },
    rounds: { type: "string", default: "3" },
    threads: { type: "string", default: "2" },
    "batch-size": { type: "string" },
  },
});
const isSmall = network.startsWith("cifar");
const side = isSmall ? 32 : 224;
const batchSize = Number(options["batch-size"] ?? (isSmall ? 128 : 16));
/** The number of images that are compared. */
const COMPARED = isSmall ? 64 : 8;

/** The kinds, plain first, and a nested one. */
const SPECS: readonly string[] = [
  ...Object.keys(CONVOLUTIONS),
  "{name: rep_vgg, convolution: do_conv}",
];

function specOf(text: string): { readonly name: string; readonly convolution?: string } {
  const nested = /^\{name: (\w+), convolution: (\w+)\}$/.exec(text);
  return nested ? { name: nested[1], convolution: nested[2] } : { name: text };
}

/**
 * Moves scales, shifts and statistics away from their initial values. With arbitrary statistics
 * activations would explode.
 */
async function scatter(model: Module, backend: Backend): Promise<void> {
  const random = new RandomStream({ seed: 1, stream: STREAM.synthetic });
  const some = (least: number, most: number) => least + (most - least) * random.uniform();
  model.initialize(1);
  const parameters = [...model.namedParameters().values()];
  for (const { data, role } of parameters) {
    if (role === "norm") data.forEach((value, i) => data[i] = value + some(-0.2, 0.2));
  }
  const layout = layoutState(model);
  const shape = [8, 3, side, side];
  const program = trace(
    { name: "forward", training: true, variables: layout.variables, bind: layout.bind },
    () => output("logits", model.call(input("images", shape))),
  );
  const executable = await backend.compile([program]);
  for (const { parameter, variable, offset } of layout.ranges) {
    executable.write(variable, parameter.data, offset);
  }
  const images = Float32Array.from({ length: sizeOf(shape) }, () => random.normal());
  const isDropping = programInputs(program).some(({ name }) => name === DROPOUT_STEP);
  const step: Record<string, Int32Array> = isDropping ? { [DROPOUT_STEP]: Int32Array.of(0) } : {};
  await executable.run("forward", { images, ...step });
  const moved = await executable.read(BUFFERS);
  executable.dispose();
  for (const { parameter: { data }, variable, offset } of layout.ranges) {
    if (variable !== BUFFERS) continue;
    // The step moved them by a tenth of the way, PyTorch's momentum.
    data.forEach((before, i) => {
      data[i] = (moved[offset + i] - 0.9 * before) / 0.1 * some(0.8, 1.2);
    });
  }
}

/** Folds a network of one kind; its sizes and how closely it agrees. */
async function folded(spec: string) {
  const convolution = convolutionFactory(specOf(spec));
  const model = buildModel(network, { classes: 10, inputSize: side, convolution });
  const backend = cpuBackend();
  await scatter(model, backend);
  const description = {
    model: network,
    input: { height: side, width: side, channels: 3 },
    normalization: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    classNames: Array.from({ length: 10 }, (_, i) => String(i)),
  };
  const { trainingParameters, forms } = summarizeModel(model, description);
  const random = new RandomStream({ seed: 2, stream: STREAM.synthetic });
  const pixels = Uint8Array.from(
    { length: COMPARED * side * side * 3 },
    () => random.integer(256),
  );
  const shipped = foldModel(model, description, { batchNorm: true });
  const fold = await verifyFold(model, shipped, backend, pixels);
  const compared = { description, program: (size: number) => networkProgram(shipped, size) };
  const onnx = await verifyOnnx(await encodeOnnx(shipped), compared, backend, pixels);
  const { numbers } = forms.find(({ form }) => form === "foldedBatchNorm")!;
  return { trainingParameters, numbers, fold, onnx };
}

function speedOf(spec: string): Promise<Record<string, number>> {
  const threads = options.threads;
  return overfoldBench({ network, batchSize, threads, steps }, [
    `--set=model.convolution=${spec}`,
  ]);
}

async function memoryOf(spec: string): Promise<number> {
  const found = await lastLine(Deno.execPath(), [
    ...["task", "--quiet", "inspect", "examples/cifar10.yaml", "--json"],
    `--set=data.dataset={name: synthetic, imageSize: ${side}}`,
    ...[`--set=data.batchSize=${batchSize}`, `--set=data.evalBatchSize=${batchSize}`],
    ...[`--set=model.name=${network}`, `--set=model.convolution=${spec}`, "--set=backend=cpu"],
  ]) as unknown as { readonly memory: { readonly totalBytes: number } };
  return found.memory.totalBytes;
}

const plainMemory = await memoryOf("conv");
console.log(`${network}, batch ${batchSize} of ${side}×${side}\n`);
console.log("| kind | training | folded | folded − trained | top-1 | ONNX | images/s | memory |");
console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
for (const spec of SPECS) {
  const { trainingParameters, numbers, fold, onnx } = await folded(spec);
  const ratios: number[] = [];
  for (let round = 0; round < Number(rounds); round++) {
    const [plain, own] = [await speedOf("conv"), await speedOf(spec)];
    ratios.push(own.imagesPerSecond / plain.imagesPerSecond);
  }
  const memory = await memoryOf(spec) / plainMemory;
  const { name, convolution } = specOf(spec);
  const row = [
    convolution ? `\`${name}\` of \`${convolution}\`` : `\`${name}\``,
    formatCount(trainingParameters),
    formatCount(numbers),
    fold.maxRelativeDifference.toExponential(1),
    `${(100 * fold.top1Agreement!).toFixed(0)} %`,
    onnx.maxRelativeDifference.toExponential(1),
    ratios.length === 0 ? "" : median(ratios).toFixed(2),
    memory.toFixed(2),
  ];
  console.log(`| ${row.join(" | ")} |`);
}
