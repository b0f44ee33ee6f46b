/** `overfold report`: writes a web page about runs, in one file. */

import { exists } from "../files/exists.ts";
import { loadNetwork } from "../checkpoints/load.ts";
import { readFoldedNetwork } from "../networks/network_file.ts";
import { InputError, UserError } from "../errors.ts";
import manifest from "../deno.json" with { type: "json" };
import { writeFileAtomic } from "../files/atomic.ts";
import { pageHtml } from "../pages/page.ts";
import type { Missing, ReportData, RunData } from "../pages/report/data.ts";
import { sharedMissing } from "../pages/report/missing.ts";
import { formatBytes, formatNumberOf } from "../reporting/format.ts";
import { runFile } from "../training/run_files.ts";
import { backendOption, chosenBackend, openChosen } from "./backend.ts";
import type { Arguments, Command, Context } from "./command.ts";
import { checkOutput } from "./output.ts";
import { evaluationData } from "./report/evaluation.ts";
import { networkData, verified } from "./report/network.ts";
import { namesOf, readRun, type ReportedRun, runData, runFolders } from "./report/run.ts";
import { imagesOptions, loadValidationImages } from "./validation_images.ts";
import { firstImages, noiseImages } from "./verification.ts";

/** Mistakes of each kind in total, to keep the file small, and at least per run. */
const MAX_MISTAKES = 60;
const MIN_MISTAKES = 8;
/** Most mistakes per run. */
const MAX_OF_RUN = 24;

/** Most runs named in the heading. */
const MAX_NAMED = 4;

export const command: Command = {
  positionals: [{
    name: "RUN",
    help: "A run's folder, such as runs/NAME, or a folder of runs",
    repeated: true,
  }],
  options: {
    output: { value: "FILE.html", help: "The page to write; required" },
    title: { value: "TEXT", help: "The page's heading; by default the runs' names" },
    "no-images": {
      help: "Omit what needs images: classes, confusions, calibration, mistakes",
    },
    ...imagesOptions,
    backend: backendOption("the config's"),
  },
  details:
    "The page is one self-contained file, without requests to any server: curves, configs and their\n" +
    "differences, the network's sizes and kernels, how it folds and, for the validation images,\n" +
    "confusions, classes, calibration and the worst mistakes. Runs whose configs differ only in the seed\n" +
    "become one curve with a band. A run in progress is reported so far. Images must be on this\n" +
    "machine: nothing is downloaded.",
  async run(args, context) {
    const output = args.text("output");
    if (output === undefined) {
      throw new InputError("--output is missing: name the page to write, such as report.html");
    }
    await checkOutput(output, [], ".html");
    const folders = (await Promise.all(args.positionals.map(runFolders))).flat();
    const names = namesOf(folders);
    // All are read before the slow evaluations.
    const runs = await Promise.all(folders.map((folder) => readRun(folder)));
    const data: RunData[] = [];
    for (const [i, run] of runs.entries()) {
      data.push(await reported(run, names[i], runs.length, args, context));
    }
    const page: ReportData = {
      written: {
        time: new Date().toISOString(),
        by: `Overfold ${manifest.version}, Deno ${Deno.version.deno} on ${Deno.build.os} ` +
          `(${Deno.build.arch})`,
      },
      runs: data,
    };
    const title = args.text("title") ??
      (names.length > MAX_NAMED ? `${names.length} runs` : names.join(", "));
    const html = await pageHtml({ title, page: "report", data: page });
    await writeFileAtomic(output, html);
    const bytes = new TextEncoder().encode(html).length;
    context.print(
      `report: ${output}, ${formatNumberOf(runs.length, "run")}, ${formatBytes(bytes)}`,
    );
    for (const { of, what, why } of sharedMissing(data)) {
      context.print(`  ${of}: no ${what}: ${why}`);
    }
    context.emit({
      output,
      bytes,
      runs: data.map(({ name, folder, status, missing }) => ({ name, folder, status, missing })),
    });
  },
};

/** All data of a run. Whatever is unavailable is listed, and the rest is reported. */
async function reported(
  run: ReportedRun,
  name: string,
  runs: number,
  args: Arguments,
  context: Context,
): Promise<RunData> {
  const { folder } = run;
  const missing = [...run.missing];
  const attempt = async <T>(
    what: Missing["what"],
    work: () => T | Promise<T>,
  ): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UserError || error instanceof Deno.errors.NotCapable)) throw error;
      context.progress.clear();
      missing.push({ what, why: error.message });
      return undefined;
    }
  };
  const data = await runData(run, name, context.call);
  const checkpoint = run.best ?? run.last;
  if (!checkpoint) {
    missing.push({ what: "network", why: "the run has no checkpoint to read yet" });
    return { ...data, missing };
  }
  const folded = runFile(folder, "folded");
  const hasFolded = await exists(folded);
  if (!hasFolded) {
    missing.push({ what: "folded network", why: `a training writes ${folded} at its end` });
  }
  const path = hasFolded ? folded : runFile(folder, run.best ? "best" : "last");
  const isEvaluated = !args.flag("no-images");
  const loaded = isEvaluated ? await attempt("evaluation", () => loadNetwork(path)) : undefined;
  const images = loaded &&
    await attempt("evaluation", () => loadValidationImages(path, loaded, args, context, false));
  const backend = await openChosen(chosenBackend(args, run.file.config), context);
  const network = await attempt("network", () => networkData(checkpoint));
  const verification = hasFolded
    ? await attempt("verification", async () =>
      verified(
        checkpoint,
        await readFoldedNetwork(folded),
        backend,
        images
          ? { pixels: await firstImages(images.validation), kind: "validation images" }
          : noiseImages(checkpoint.description.input),
      ))
    : undefined;
  const most = Math.min(MAX_OF_RUN, Math.max(MIN_MISTAKES, Math.floor(MAX_MISTAKES / runs)));
  const evaluation = loaded && images && await attempt(
    "evaluation",
    () => evaluationData(path, loaded, images, backend, most, context),
  );
  return {
    ...data,
    missing,
    ...(network ? { network: { ...network, verification } } : {}),
    ...(evaluation ? { evaluation } : {}),
  };
}
