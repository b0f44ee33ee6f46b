/** `overfold bench`: how fast a config trains on this machine, and where the time goes. */

import type { KernelTiming } from "../backends/backend.ts";
import { loadConfig } from "../config/load.ts";
import { describeDataset } from "../datasets/load.ts";
import { imageSize } from "../datasets/dataset.ts";
import { RandomStream, STREAM } from "../graph/random.ts";
import { buildModel } from "../models/registry.ts";
import { formatCount, formatPercent, formatTable } from "../reporting/format.ts";
import { Learner } from "../training/learner.ts";
import { openChosen } from "./backend.ts";
import { type Command, SAFE_OPTION } from "./command.ts";
import { architectureOf, datasetOptions, describeNetwork } from "./prepare.ts";

/** Engines optimise code while it runs: steps until then are not counted. */
const WARM_UP_STEPS = 5;

/** `bench CONFIG`. */
export const command: Command = {
  positionals: [{ name: "CONFIG", help: "A config file in YAML" }],
  options: {
    set: {
      value: "KEY=VALUE",
      repeated: true,
      help: "Override one key of the config, such as data.batchSize=64",
    },
    steps: { value: "N", help: "Training steps to time (default 20)" },
    profile: { help: "Also show every kernel call, not only the share of each kind" },
    safe: SAFE_OPTION,
  },
  details:
    "Times whole training steps (augmentation, forward, loss, backward, update) on one batch of\n" +
    "random images that is in memory already; the figures are of the median step. GFLOP/s counts the\n" +
    "multiplications and additions of convolutions and matrix products as the model defines them.",
  async run(args, context) {
    const config = await loadConfig(args.positionals[0], { set: args.texts("set") });
    const steps = args.integer("steps") ?? 20;
    const { batchSize, augmentation } = config.data;
    const info = describeDataset(datasetOptions(config.data));
    const { name, options } = architectureOf(config.model, info);
    const model = buildModel(name, options);
    model.initialize(config.seed);
    const backend = await openChosen(config, context);
    const padding = augmentation?.crop?.padding ?? 0;
    const learner = await Learner.create(backend, {
      model,
      recipe: config.training,
      feed: { kind: "pixels", images: describeNetwork(config, info), padding },
      seed: config.seed,
      batchSize,
    });
    try {
      const batch = randomBatch(batchSize, imageSize(info.imageShape), info.classNames.length);
      const times: number[] = [];
      for (let step = 0; step < WARM_UP_STEPS + steps; step++) {
        const start = performance.now();
        // No learning: the weights stay where every step costs the same.
        await learner.step(batch, step, { learningRate: 0 });
        if (step >= WARM_UP_STEPS) times.push(performance.now() - start);
        context.progress.update(() => `step ${Math.max(0, step + 1 - WARM_UP_STEPS)} of ${steps}`);
      }
      context.progress.finish();
      const millisecondsPerStep = median(times);
      const imagesPerSecond = 1000 * batchSize / millisecondsPerStep;
      const gigaflops = 2 * learner.multiplyAccumulates / millisecondsPerStep / 1e6;
      const timings = await learner.profile(Math.min(steps, 5));
      context.print(
        `${name}, batch ${batchSize}, ${backend.description}: ` +
          `${imagesPerSecond.toFixed(1)} images/s, ${millisecondsPerStep.toFixed(1)} ms a step, ` +
          `${gigaflops.toFixed(1)} GFLOP/s`,
      );
      context.print(sharesTable(timings));
      if (args.flag("profile")) context.print(`\n${callsTable(timings)}`);
      context.emit({
        backend: backend.name,
        threads: backend.threads,
        batchSize,
        imagesPerSecond,
        millisecondsPerStep,
        gigaflops,
        kernels: shares(timings),
        ...(args.flag("profile") ? { calls: timings } : {}),
      });
    } finally {
      learner.dispose();
    }
  },
};

function randomBatch(count: number, bytesPerImage: number, classes: number) {
  const random = new RandomStream({ seed: 0, stream: STREAM.synthetic });
  return {
    pixels: Uint8Array.from({ length: count * bytesPerImage }, () => random.integer(256)),
    labels: Int32Array.from({ length: count }, () => random.integer(classes)),
    transforms: new Int32Array(3 * count),
    count,
  };
}

/** Time by kind of kernel, the costliest first. */
function shares(
  timings: readonly KernelTiming[],
): { kernel: string; calls: number; milliseconds: number; gigaflops: number; share: number }[] {
  const total = sum(timings.map(({ milliseconds }) => milliseconds));
  const kinds = Map.groupBy(timings, ({ kernel }) => kernel);
  return [...kinds].map(([kernel, calls]) => {
    const milliseconds = sum(calls.map((call) => call.milliseconds));
    const gigaflops = sum(calls.map(({ flops }) => flops)) / milliseconds / 1e6;
    return { kernel, calls: calls.length, milliseconds, gigaflops, share: milliseconds / total };
  }).sort((a, b) => b.milliseconds - a.milliseconds);
}

function sharesTable(timings: readonly KernelTiming[]): string {
  return formatTable([
    ["kernel", "calls", "ms", "share", "GFLOP/s"],
    ...shares(timings).map(({ kernel, calls, milliseconds, gigaflops, share }) => [
      kernel,
      formatCount(calls),
      milliseconds.toFixed(2),
      formatPercent(share),
      gigaflops === 0 ? "" : gigaflops.toFixed(1),
    ]),
  ], ["left", "right", "right", "right", "right"]);
}

function callsTable(timings: readonly KernelTiming[]): string {
  return formatTable([
    ["kernel", "call", "ms", "GFLOP/s"],
    ...timings.map(({ kernel, label, milliseconds, flops }) => [
      kernel,
      label,
      milliseconds.toFixed(3),
      flops === 0 ? "" : (flops / milliseconds / 1e6).toFixed(1),
    ]),
  ], ["left", "left", "right", "right"]);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
