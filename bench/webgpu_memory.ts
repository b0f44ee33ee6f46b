/**
 * Whether memory grows while a network trains on WebGPU: trains a small one for many steps, with
 * several in flight as in `overfold train`, and prints the process's resident memory after 200
 * steps and at the end.
 *
 *     XDG_RUNTIME_DIR=/tmp deno run --allow-env --allow-read bench/webgpu_memory.ts [--steps 10000]
 */
import { parseArgs } from "node:util";
import { openBackend } from "../backends/registry.ts";
import { buildModel } from "../models/registry.ts";
import { imageInput } from "../training/image_input.ts";
import { resolveRecipe } from "../training/recipe.ts";
import { stepProgram, stepScalars } from "../training/step_program.ts";

const { values: options } = parseArgs({
  options: { steps: { type: "string", default: "10000" } },
});
const steps = Number(options.steps);

/** The step that the end is compared with: by then everything has been allocated once. */
const SETTLED = 200;
/** Steps in flight. */
const IN_FLIGHT = 8;
const BATCH = 8;

const size = { height: 8, width: 8, channels: 3 };
const pixels = new Uint8Array(BATCH * size.height * size.width * size.channels).fill(100);
const labels = Int32Array.from({ length: BATCH }, (_, i) => i % 3);
const transforms = new Int32Array(3 * BATCH);

const backend = await openBackend({ backend: "webgpu", onNotice: console.warn });
const model = buildModel("layers", {
  classes: 3,
  inputChannels: size.channels,
  inputSize: [size.height, size.width],
  layers: [
    { do_conv2d: { outChannels: 8, kernelSize: 3, padding: 1 } },
    "batch_norm2d",
    "relu",
    "global_avg_pool2d",
    "flatten",
    { linear: { outFeatures: 3 } },
  ],
});
model.initialize(1);
const recipe = resolveRecipe(
  model,
  { optimizer: { name: "sgd", learningRate: 0.01, momentum: 0.9 } },
  { classes: 3 },
);
const images = { input: size, normalization: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] } };
const program = stepProgram({ recipe, traceInput: imageInput(images), batchSize: BATCH });
const executable = await backend.compile([program]);
for (const { parameter, variable, offset } of recipe.layout.ranges) {
  executable.write(variable, parameter.data, offset);
}

const inFlight: Promise<unknown>[] = [];
let settled = 0;
for (let step = 0; step < steps; step++) {
  const scalars = Object.entries(stepScalars(recipe, step, { learningRate: 0.01 }));
  inFlight.push(executable.run(program.name, {
    pixels,
    labels,
    transforms,
    ...Object.fromEntries(scalars.map(([name, value]) => [name, Float32Array.of(value)])),
  }));
  if (inFlight.length >= IN_FLIGHT) await inFlight.shift();
  if (step + 1 === SETTLED) settled = residentMegabytes();
  if ((step + 1) % 1000 === 0) {
    console.log(`step ${step + 1}: ${residentMegabytes().toFixed(1)} MB`);
  }
}
await Promise.all(inFlight);
const end = residentMegabytes();
console.log(
  `${settled.toFixed(1)} MB after ${SETTLED} steps, ${end.toFixed(1)} MB after ${steps}: ` +
    `${(100 * (end / settled - 1)).toFixed(1)} % more`,
);
executable.dispose();

function residentMegabytes(): number {
  return Deno.memoryUsage().rss / 1e6;
}
