/** `overfold compare`: trains variants of a config with the same seeds and compares the results. */

import { basename, join, resolve } from "@std/path";
import { readComparedRun } from "../comparison/compared_run.ts";
import { MOMENTS } from "../comparison/comparison.ts";
import { plainOf, variantsAmong } from "../comparison/found_variants.ts";
import { planRuns } from "../comparison/planned_run.ts";
import { readRuns, runsWithin } from "../comparison/read_runs.ts";
import { parseTargets } from "../comparison/targets.ts";
import {
  requireBaseline,
  summarize,
  type SummaryOptions,
  type VariantRun,
} from "../comparison/summary.ts";
import { variantsOf } from "../comparison/variants.ts";
import { EXIT, InputError } from "../errors.ts";
import { exists } from "../files/exists.ts";
import { fromHome } from "../files/home.ts";
import { formatNumberOf, someOf } from "../reporting/format.ts";
import {
  type Arguments,
  type Command,
  type Context,
  howToDoWithoutNative,
  setOption,
  shellQuoted,
} from "./command.ts";
import { checkComparisonFiles, showComparison, writeComparison } from "./comparison_files.ts";
import { trainAll } from "./compare_runs.ts";
import { stopAfterStep } from "./interruption.ts";
import { checkFolder } from "./output.ts";
import { readConfig } from "./prepare.ts";

/** Trainings of each variant, by default. */
const SEEDS = 5;
/** Most trainings in total. */
const MAX_RUNS = 10_000;
/** The largest seed that a config allows. */
const LAST_SEED = 2 ** 32 - 1;

export const command: Command = {
  positionals: [{
    name: "CONFIG",
    help: "A config file in YAML; with --from RUN…, folders of runs or of comparisons",
    repeated: true,
  }],
  options: {
    vary: {
      value: "KEY=VALUE,VALUE",
      repeated: true,
      help: "A key and its values, such as model.convolution=conv,do_conv",
    },
    seeds: {
      value: "N",
      help: `Trainings of each variant, with different seeds; by default ${SEEDS}`,
    },
    jobs: {
      value: "N",
      help: "Trainings at once, which divide the CPU threads; by default 1",
    },
    set: setOption("the config", "training.epochs=5"),
    from: { help: "Compare existing runs; variants are found from their configs" },
    output: { value: "DIR", help: "Folder for runs and results; by default output/NAME-compare" },
    baseline: {
      value: "VARIANT",
      help: "The variant to compare the others with; by default the first",
    },
    metric: {
      value: "NAME",
      repeated: true,
      help: "Validation metric; by default the monitored one",
    },
    at: { value: "last|best", help: "The validation that counts; by default the last" },
    targets: {
      value: "NUMBERS",
      help: "Also compare how soon the metric reaches values, such as 80%,90%",
    },
  },
  details:
    "All variants are trained with the same seeds, that of the config and the numbers after it, so they\n" +
    "see the same images in the same order and, where kernels have the same shape, start from the same\n" +
    "values. With several --vary, every combination is a variant.\n" +
    "Ctrl-C finishes the current step, saves and exits with code 130. The same command then resumes and\n" +
    "skips finished runs; more seeds or values add runs.\n" +
    "--jobs divides the CPU threads among the trainings. The number of threads affects rounding, so a\n" +
    "run keeps the number it started with.\n" +
    "The result is printed and written to DIR as comparison.html, .md, .csv and .json.\n" +
    howToDoWithoutNative("compare"),
  async run(args, context) {
    const options = summaryOptionsOf(args);
    return args.flag("from")
      ? await compareFound(args, options, context)
      : await compareTrained(args, options, context);
  },
};

async function compareTrained(
  args: Arguments,
  options: SummaryOptions,
  context: Context,
): Promise<number> {
  const [path, ...others] = args.positionals;
  if (others.length > 0) {
    throw new InputError(
      `found ${args.positionals.length} configs (${someOf(args.positionals)}), expected one; ` +
        "--from compares existing runs",
    );
  }
  const { config } = await readConfig(path, args, context);
  const output = args.text("output") ?? fromHome(join(config.output, `${config.name}-compare`));
  await checkFolder(output);
  await checkComparisonFiles(output, [path]);
  const variants = variantsOf(args.texts("vary"), config.name);
  const seeds = seedsOf(args, config.seed, variants.length);
  const { baseline = variants[0].name } = options;
  requireBaseline(baseline, variants.map(({ name }) => name));
  const runs = await planRuns({ config: path, set: args.texts("set"), variants, seeds, output });
  await warnOfOthers(output, runs, context);
  using interruption = stopAfterStep(context);
  const { isStopped, failed } = await trainAll(runs, {
    output,
    summary: options,
    jobs: args.integer("jobs") ?? 1,
    interruption,
    context,
  });
  if (isStopped) return EXIT.interrupted;
  const done: VariantRun[] = [];
  for (const { variant, path } of runs.filter((run) => !failed.includes(run))) {
    done.push({ variant, run: (await readComparedRun(path))! });
  }
  const title = `${config.name}: ${variants.map(({ name }) => name).join(" · ")}`;
  const diverged = failed.map((run) => ({ ...run, config: run.file.config }));
  await present(done, { ...options, baseline, diverged }, { title, output }, args, context);
  if (failed.length === 0) return EXIT.success;
  context.progress.print(
    `${formatNumberOf(failed.length, "run")} diverged: ${
      failed.map(({ name }) => name).join(", ")
    }`,
  );
  return EXIT.failure;
}

/** The seeds of each variant. Throws InputError for too many, and if there is nothing to compare. */
function seedsOf(args: Arguments, first: number, variants: number): number[] {
  const count = args.integer("seeds");
  if (variants === 1 && (count ?? 1) === 1) {
    throw new InputError(
      "there is nothing to compare; name what should differ, such as " +
        "--vary model.convolution=conv,do_conv, or train one variant with several --seeds",
    );
  }
  const seeds = count ?? SEEDS;
  const most = Math.min(Math.floor(MAX_RUNS / variants), LAST_SEED - first + 1);
  if (seeds > most) {
    throw new InputError(
      `--seeds: found ${seeds}, expected at most ${most} from seed ${first} with ` +
        `${
          formatNumberOf(variants, "variant")
        }: the largest seed is ${LAST_SEED}, and a comparison has ` +
        `at most ${MAX_RUNS} runs`,
    );
  }
  return Array.from({ length: seeds }, (_, i) => first + i);
}

async function compareFound(
  args: Arguments,
  options: SummaryOptions,
  context: Context,
): Promise<number> {
  for (const option of ["vary", "set"]) {
    const [given] = args.texts(option);
    if (given !== undefined) throw trainsNothing(`--${option} ${given}`);
  }
  for (const option of ["seeds", "jobs"]) {
    if (args.text(option) !== undefined) throw trainsNothing(`--${option}`);
  }
  const output = args.text("output");
  if (output !== undefined) {
    await checkFolder(output);
    await checkComparisonFiles(output, []);
  }
  const { runs, diverged, unfinished } = await readRuns(args.positionals);
  for (const path of unfinished) {
    context.progress.print(`warning: ${path} is left out: the run has not ended`);
  }
  for (const { path } of diverged) {
    context.progress.print(`warning: ${path} has no result: the run diverged`);
  }
  if (output !== undefined) await warnOfOthers(output, [...runs, ...diverged], context);
  const [first] = runs;
  const configs = [...runs, ...diverged].map(({ config }) => config);
  const variants = variantsAmong(configs, first?.config.name ?? "");
  const title = [...new Set(variants.map(({ name }) => name))].join(" · ");
  const all = runs.map((run, i) => ({ variant: variants[i], run }));
  const lost = diverged.map((run, i) => ({ ...run, variant: variants[runs.length + i] }));
  const { baseline = plainOf(variants) } = options;
  await present(all, { ...options, baseline, diverged: lost }, { title, output }, args, context);
  return EXIT.success;
}

/** Warns if a comparison leaves out runs of its folder: its result may replace one of all of them. */
async function warnOfOthers(
  output: string,
  compared: readonly { readonly path: string }[],
  { progress }: Context,
): Promise<void> {
  const covered = new Set(compared.map(({ path }) => resolve(path)));
  const there = await exists(output) ? await runsWithin(output) : [];
  const others = there.filter((path) => !covered.has(resolve(path)));
  if (others.length === 0) return;
  progress.print(
    `warning: ${output} contains ${formatNumberOf(there.length, "run")}; ${
      someOf(others.map((path) => basename(path)))
    } will not be in this result; choose another --output to keep the old result`,
  );
}

/** Compares runs, prints the result and, given a folder, writes it. */
async function present(
  runs: readonly VariantRun[],
  options: SummaryOptions,
  { title, output }: { readonly title: string; readonly output?: string },
  args: Arguments,
  context: Context,
): Promise<void> {
  const comparison = summarize(runs, options);
  showComparison(comparison, context);
  if (output === undefined) return;
  const caption = { title, command: callFor(args, context) };
  const all = [...runs.map(({ variant, run }) => ({ ...run, variant })), ...options.diverged ?? []];
  const { config } = all.find(({ variant }) => variant.name === comparison.baseline)!;
  await writeComparison(output, { runs, comparison, caption, config }, context);
}

function trainsNothing(option: string): InputError {
  return new InputError(
    `${option}: nothing is trained with --from; leave out one of them`,
  );
}

function summaryOptionsOf(args: Arguments): SummaryOptions {
  const targets = args.text("targets");
  return {
    metrics: args.texts("metric"),
    at: args.choice("at", MOMENTS),
    baseline: args.text("baseline"),
    targets: targets === undefined ? undefined : parseTargets(targets),
  };
}

/** The command line of this call, with all its options. */
function callFor(args: Arguments, { call }: Context): string {
  const options = Object.keys(command.options!).flatMap((name) =>
    args.flag(name)
      ? [`--${name}`]
      : [args.text(name) ?? args.texts(name)].flat().map((value) =>
        `--${name} ${shellQuoted(value)}`
      )
  );
  return [call, ...args.positionals.map(shellQuoted), ...options].join(" ");
}
