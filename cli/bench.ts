/** `overfold bench`: how fast a config trains on this machine, and where the time goes. */

import { DeviceError, type KernelTiming } from "../backends/backend.ts";
import { FORM_NAMES } from "../backends/registry.ts";
import { InputError, RunError } from "../errors.ts";
import { median } from "../reporting/statistics.ts";
import { changedInput } from "../training/image_input.ts";
import { stepProgram } from "../training/step_program.ts";
import { openChosen } from "./backend.ts";
import { reportCost } from "./bench_cost.ts";
import { inferenceOf, type Subject, trainingOf } from "./bench_subjects.ts";
import { callsTable, shares, sharesTable } from "./bench_tables.ts";
import { type Command, type Context, howToDoWithoutNative, setOption } from "./command.ts";
import { buildNetwork, planNetwork, readConfig, recipeOf, shardSizeOf } from "./prepare.ts";

/** Engines optimise code while it runs: steps until then are not counted. */
const WARM_UP_STEPS = 5;

/** `bench CONFIG`. */
export const command: Command = {
  positionals: [{ name: "CONFIG", help: "A config file in YAML" }],
  options: {
    set: setOption(),
    steps: { value: "N", help: "Training steps to time (default 20)" },
    profile: { help: "Also show every kernel call, not only the share of each kind" },
    inference: { help: "Time the folded network on a batch instead of a training step" },
    form: {
      value: "NAME",
      help: `On the CPU, how its kernels run: ${FORM_NAMES.join(", ")}; by default the fastest`,
    },
    cost: { help: "Count what a step costs on WebGPU instead; nothing is run" },
  },
  details:
    "Times whole training steps (augmentation, forward, loss, backward, update) on one batch of\n" +
    "random images that is in memory already; the figures are of the median step. With --inference a\n" +
    "step is a forward pass of the network with its kernels and batch norms folded. GFLOP/s counts the\n" +
    "multiplications and additions of convolutions and matrix products as the model defines them, and\n" +
    "GB/s, on WebGPU, what the kernels load from and store to global memory. Kernels are timed by\n" +
    "themselves; on WebGPU that takes an adapter with timestamp queries.\n" +
    howToDoWithoutNative("bench"),
  async run(args, context) {
    if (args.flag("cost") && args.flag("inference")) {
      throw new InputError("--cost counts a training step; give it without --inference");
    }
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
    const withNorms = config.training.logNorms !== false;
    if (args.flag("cost")) {
      const program = stepProgram({ recipe, ...changed, batchSize, withNorms });
      return reportCost(`${name}, batch ${batchSize}`, program, context);
    }
    model.initialize(config.seed);
    const isCut = shards > 1 && !args.flag("inference");
    const form = args.choice("form", FORM_NAMES);
    const choice = form === undefined ? config : { ...config, backend: "cpu" as const, form };
    const backend = await openChosen(choice, context);
    const subject = args.flag("inference")
      ? await inferenceOf(backend, model, images, batchSize)
      : await trainingOf(
        backend,
        { recipe, ...changed, seed: config.seed, batchSize: shardSize, shards, withNorms },
        images.input,
        changes,
      );
    try {
      // As many as come back while as many others are under way.
      const round = Math.min(steps, backend.runsInFlight / 2);
      const times: number[] = [];
      for (let step = -WARM_UP_STEPS; step < steps; step += round) {
        const start = performance.now();
        await Promise.all(
          Array.from({ length: round }, (_, i) => subject.step(step + WARM_UP_STEPS + i)),
        );
        if (step >= 0) times.push((performance.now() - start) / round);
        context.progress.update(() =>
          `step ${Math.min(steps, Math.max(0, step + round))} of ${steps}`
        );
      }
      context.progress.finish();
      const millisecondsPerStep = median(times);
      const imagesPerSecond = 1000 * batchSize / millisecondsPerStep;
      const gigaflops = 2 * subject.multiplyAccumulates / millisecondsPerStep / 1e6;
      const timings = await timeKernels(subject, Math.min(steps, 5), context);
      context.print(
        `${name}, ${subject.description} of ${batchSize}${
          isCut ? ` in ${shards} shards` : ""
        }, ${backend.description}: ` +
          `${imagesPerSecond.toFixed(1)} images/s, ${millisecondsPerStep.toFixed(1)} ms a step, ` +
          `${gigaflops.toFixed(1)} GFLOP/s`,
      );
      if (timings.length > 0) context.print(sharesTable(timings));
      if (args.flag("profile") && timings.length > 0) context.print(`\n${callsTable(timings)}`);
      context.emit({
        backend: backend.name,
        threads: backend.threads,
        batchSize,
        ...(isCut ? { shards } : {}),
        imagesPerSecond,
        millisecondsPerStep,
        gigaflops,
        kernels: shares(timings),
        ...(args.flag("profile") ? { calls: timings } : {}),
      });
    } finally {
      subject.dispose();
    }
  },
};

/** Times kernels by themselves; none, with a warning, where the backend cannot. */
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
