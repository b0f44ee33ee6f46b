/** `overfold bench`: how fast a config trains on this machine, and where the time goes. */

import { type Backend, DeviceError, type KernelTiming } from "../backends/backend.ts";
import { FORM_NAMES } from "../backends/registry.ts";
import { EXIT, InputError, RunError } from "../errors.ts";
import { findLauncher } from "../ranks/launcher.ts";
import { ALONE, type Ranks } from "../ranks/ranks.ts";
import { median } from "../reporting/statistics.ts";
import { changedInput } from "../training/image_input.ts";
import { stepProgram } from "../training/step_program.ts";
import { contributionVariable } from "../training/variables.ts";
import { openChosen } from "./backend.ts";
import { reportCost } from "./bench_cost.ts";
import { reportMachines } from "./bench_machines.ts";
import { inferenceOf, type Subject, trainingOf, type TrainingSubject } from "./bench_subjects.ts";
import { callsTable, shares, sharesTable } from "./bench_tables.ts";
import {
  type Arguments,
  type Command,
  type Context,
  howToDoWithoutNative,
  setOption,
} from "./command.ts";
import { runOnRank } from "./rank_group.ts";
import { buildNetwork, planNetwork, readConfig, recipeOf, shardSizeOf } from "./prepare.ts";

/** Warm-up steps that are not counted: JavaScript engines are still optimizing the code. */
const WARM_UP_STEPS = 5;

export const command: Command = {
  positionals: [{ name: "CONFIG", help: "A config file in YAML" }],
  options: {
    set: setOption(),
    steps: { value: "N", help: "Training steps to time (default: 20)" },
    profile: { help: "Also show every kernel call, not only totals per kind" },
    inference: { help: "Time the folded network on a batch instead of a training step" },
    form: {
      value: "NAME",
      help: `How CPU kernels run: ${FORM_NAMES.join(", ")}; by default the fastest`,
    },
    machines: {
      help: "Also predict the step time on 1 to 64 machines that divide data.shards",
    },
    cost: { help: "Compute what a step costs on WebGPU instead, without running it" },
  },
  details:
    "Times whole training steps (augmentation, forward, loss, backward, update) on one batch of\n" +
    "random images that is already in memory, and prints the median. With --inference a step is a\n" +
    "forward pass of the folded network. GFLOP/s counts the multiplications and additions of the\n" +
    "model's convolutions and matrix products; GB/s, on WebGPU, the kernels' traffic with global\n" +
    "memory. Kernels are timed separately; on WebGPU this needs an adapter with timestamp queries.\n" +
    "--machines also times the update and the summation over ranks, and computes the rest from the\n" +
    "bytes exchanged; if started by mpirun or srun it also measures an exchange.\n" +
    howToDoWithoutNative("bench"),
  async run(args, context) {
    for (const name of ["cost", "machines"].filter((name) => args.flag(name))) {
      if (!args.flag("inference")) continue;
      throw new InputError(`--${name} applies to training steps; leave out --inference`);
    }
    if (!args.flag("machines") || !findLauncher()) return await bench(args, context, ALONE);
    // Imported only here because it calls MPI.
    const { joinMpi } = await import("../ranks/mpi.ts");
    const group = await joinMpi();
    return await runOnRank(group, context, (context) => bench(args, context, group.ranks));
  },
};

async function bench(args: Arguments, context: Context, ranks: Ranks): Promise<number> {
  const file = await readConfig(args.positionals[0], args, context);
  const { config } = file;
  const steps = args.integer("steps") ?? 20;
  const { batchSize } = config.data;
  const shardSize = shardSizeOf(file);
  const shards = batchSize / shardSize;
  const { architecture, description: images, changes } = await planNetwork(file);
  const { name } = architecture;
  const model = buildNetwork(file, architecture);
  const recipe = recipeOf(file, model, images);
  const changed = changedInput(images, changes);
  if (args.flag("machines") && shards === 1) {
    throw new InputError(
      "--machines divides the shards of a batch, but this batch has only one; split it, for example with " +
        "--set data.shards=8",
    );
  }
  const withNorms = config.training.logNorms !== false;
  if (args.flag("cost")) {
    const program = stepProgram({ recipe, ...changed, batchSize, withNorms });
    reportCost(`${name}, batch ${batchSize}`, program, context);
    return EXIT.success;
  }
  model.initialize(config.seed);
  const isCut = shards > 1 && !args.flag("inference");
  const form = args.choice("form", FORM_NAMES);
  const choice = form === undefined ? config : { ...config, backend: "cpu" as const, form };
  const backend = await openChosen(choice, context);
  const training = args.flag("inference") ? undefined : await trainingOf(
    backend,
    { recipe, ...changed, seed: config.seed, batchSize: shardSize, shards, withNorms },
    images.input,
    changes,
  );
  using subject = training ?? await inferenceOf(backend, model, images, batchSize);
  const millisecondsPerStep = await timeSteps(subject, steps, backend, context);
  const imagesPerSecond = 1000 * batchSize / millisecondsPerStep;
  const gigaflops = 2 * subject.multiplyAccumulates / millisecondsPerStep / 1e6;
  const timings = await timeKernels(subject, Math.min(steps, 5), context);
  context.print(
    `${name}, ${subject.description} of ${batchSize}${
      isCut ? ` in ${shards} shards` : ""
    }, ${backend.description}: ` +
      `${imagesPerSecond.toFixed(1)} images/s, ${millisecondsPerStep.toFixed(1)} ms per step, ` +
      `${gigaflops.toFixed(1)} GFLOP/s`,
  );
  if (timings.length > 0) context.print(sharesTable(timings));
  if (args.flag("profile") && timings.length > 0) context.print(`\n${callsTable(timings)}`);
  const machines = training && args.flag("machines")
    ? await reportMachines(
      {
        shards,
        step: millisecondsPerStep,
        update: await timeUpdate(training, shards, steps, context),
        bytes: 4 * contributionVariable(recipe).size,
      },
      ranks,
      context,
    )
    : undefined;
  context.emit({
    backend: backend.name,
    threads: backend.threads,
    batchSize,
    ...(isCut ? { shards } : {}),
    imagesPerSecond,
    millisecondsPerStep,
    gigaflops,
    kernels: shares(timings),
    ...(machines ? { machines } : {}),
    ...(args.flag("profile") ? { calls: timings } : {}),
  });
  return EXIT.success;
}

/** The median time per step in milliseconds. */
async function timeSteps(
  subject: Subject,
  steps: number,
  backend: Backend,
  { progress }: Context,
): Promise<number> {
  // Half of the executions that may be in flight.
  const round = Math.min(steps, backend.runsInFlight / 2);
  const times: number[] = [];
  for (let step = -WARM_UP_STEPS; step < steps; step += round) {
    const start = performance.now();
    await Promise.all(
      Array.from({ length: round }, (_, i) => subject.step(step + WARM_UP_STEPS + i)),
    );
    if (step >= 0) times.push((performance.now() - start) / round);
    progress.update(() => `step ${Math.min(steps, Math.max(0, step + round))} of ${steps}`);
  }
  progress.finish();
  return median(times);
}

/** The update: the median time, in milliseconds, by which a step's last shard exceeds the others. */
async function timeUpdate(
  { shard }: TrainingSubject,
  shards: number,
  steps: number,
  { progress }: Context,
): Promise<number> {
  const times: number[][] = [];
  for (let step = 0; step < steps; step++) {
    progress.update(() => `update of step ${step} of ${steps}`);
    for (let i = 0; i < shards; i++) {
      const start = performance.now();
      await shard(step, i);
      (times[i] ??= []).push(performance.now() - start);
    }
  }
  progress.finish();
  return Math.max(0, median(times.pop()!) - median(times.flat()));
}

/** Times each kernel separately; returns none, with a warning, if the backend cannot. */
async function timeKernels(
  subject: Subject,
  runs: number,
  { progress }: Context,
): Promise<KernelTiming[]> {
  try {
    return await subject.profile(runs);
  } catch (error) {
    if (!(error instanceof RunError) || error instanceof DeviceError) throw error;
    progress.print(`warning: ${error.message}`);
    return [];
  }
}
