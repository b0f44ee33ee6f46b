/**
 * Speed of single convolutions on the CPU: forward, input gradient and weight gradient of the layers
 * of CIFAR and ImageNet ResNets, each the best of many interleaved rounds, the only figure that is
 * reliable on a busy machine.
 *
 *     deno run --allow-ffi --allow-read bench/layers.ts [--threads 1] [--rounds 20] [--only 16x16]
 *         [--form avx2]
 *
 * GFLOP/s count the multiplications and additions of direct summation, so Winograd's algorithm can
 * exceed the measured peak, which is printed first. Comments on tuned constants of the CPU backend
 * name the command that shows their effect ("Bench:"): edit the constant and rerun it.
 */
import { parseArgs } from "node:util";
import { FORM_NAMES, selectForm } from "../backends/wasm/forms.ts";
import { cpuBackend } from "../backends/wasm/mod.ts";
import type { Executable } from "../backends/backend.ts";
import { output, readVariable, trace } from "../graph/trace.ts";
import { sizeOf } from "../graph/types.ts";
import { conv2d } from "../ops/conv2d.ts";
import { gradients } from "../ops/gradients.ts";
import { sumSquares } from "../ops/sum_squares.ts";
import { peakGigaflops } from "./peak.ts";

const { values: options } = parseArgs({
  options: {
    threads: { type: "string", default: "1" },
    rounds: { type: "string", default: "20" },
    only: { type: "string", default: "" },
    form: { type: "string" },
  },
});

/** Batch, size, channels in and out, kernel size, stride, groups (default 1). */
const LAYERS: readonly (readonly number[])[] = [
  [128, 32, 3, 16, 3, 1],
  [128, 32, 16, 16, 3, 1],
  [128, 32, 16, 32, 3, 2],
  [128, 16, 32, 32, 3, 1],
  [128, 16, 32, 64, 3, 2],
  [128, 8, 64, 64, 3, 1],
  [128, 32, 16, 32, 1, 2],
  [8, 224, 3, 64, 7, 2],
  [8, 56, 64, 64, 3, 1],
  [8, 28, 128, 128, 3, 1],
  [8, 14, 256, 256, 3, 1],
  [8, 7, 512, 512, 3, 1],
  [16, 7, 512, 512, 3, 1],
  [8, 56, 64, 128, 3, 2],
  [8, 56, 64, 256, 1, 1],
  [8, 14, 1024, 256, 1, 1],
  [8, 56, 64, 64, 3, 1, 64],
];

function program(
  [batch, size, inChannels, outChannels, kernel, stride, groups = 1]: readonly number[],
) {
  const x = [batch, inChannels, size, size];
  const w = [outChannels, inChannels / groups, kernel, kernel];
  const variables = [{ name: "x", size: sizeOf(x) }, { name: "w", size: sizeOf(w) }];
  return trace({ name: "layer", variables }, () => {
    const input = readVariable("x", 0, x), weight = readVariable("w", 0, w);
    const padding = (kernel - 1) / 2;
    const loss = sumSquares(conv2d(input, weight, undefined, { stride, padding, groups }));
    const [byInput, byWeight] = gradients(loss, [input, weight]);
    output("input", sumSquares(byInput));
    output("weight", sumSquares(byWeight));
  });
}

interface Layer {
  readonly name: string;
  readonly executable: Executable;
  /** Least milliseconds of each kernel. */
  readonly best: Map<string, { milliseconds: number; flops: number }>;
}

const named = FORM_NAMES.find((name) => name === options.form);
if (named !== options.form) {
  console.error(`--form is ${options.form}; expected ${FORM_NAMES.join(", ")}`);
  Deno.exit(2);
}
const form = selectForm(named);
const backend = cpuBackend({ threads: Number(options.threads), form: form.name });
const layers: Layer[] = [];
for (const layer of LAYERS) {
  const [batch, size, inChannels, outChannels, kernel, stride, groups = 1] = layer;
  const name = `${batch}x${inChannels}x${size}x${size} -> ${outChannels}, ` +
    `${kernel}x${kernel}/${stride}${groups > 1 ? " depthwise" : ""}`;
  if (!name.includes(options.only)) continue;
  const executable = await backend.compile([program(layer)]);
  const x = Float32Array.from({ length: batch * inChannels * size * size }, (_, i) => i % 7 - 3);
  executable.write("x", x);
  executable.write(
    "w",
    Float32Array.from({ length: outChannels * inChannels / groups * kernel ** 2 }, () => 0.01),
  );
  await executable.run("layer", {});
  layers.push({ name, executable, best: new Map() });
}
for (let round = 0; round < Number(options.rounds); round++) {
  for (const { executable, best } of layers) {
    const kinds = Map.groupBy(await executable.profile("layer", 1), ({ kernel }) => kernel);
    for (const [kernel, timings] of kinds) {
      const milliseconds = timings.reduce((sum, timing) => sum + timing.milliseconds, 0);
      const flops = timings.reduce((sum, timing) => sum + timing.flops, 0);
      const least = Math.min(milliseconds, best.get(kernel)?.milliseconds ?? Infinity);
      best.set(kernel, { milliseconds: least, flops });
    }
  }
}
const peak = await peakGigaflops(form) * backend.threads;
console.log(`${backend.description}: at most ${peak.toFixed(0)} GFLOP/s on registers`);
console.log(
  `${"".padEnd(36)}${["forward", "by input", "by weight"].map((s) => s.padStart(20)).join("")}`,
);
for (const { name, best } of layers) {
  const cells = ["conv2d", "conv2dInputGradient", "conv2dWeightGradient"].map((kernel) => {
    const { milliseconds, flops } = best.get(kernel) ?? { milliseconds: NaN, flops: NaN };
    return `${milliseconds.toFixed(2)} ms ${
      (flops / milliseconds / 1e6).toFixed(0).padStart(4)
    } GF`;
  });
  console.log(name.padEnd(36) + cells.map((cell) => cell.padStart(20)).join(""));
}
for (const { executable } of layers) executable.dispose();
