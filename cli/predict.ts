/** `overfold predict`: classifies images. */

import { requireFiniteWeights } from "../networks/finite.ts";
import { loadNetwork } from "../checkpoints/load.ts";
import { EXIT, InputError, RunError } from "../errors.ts";
import { requirePictures } from "../files/images.ts";
import { Output } from "../files/output.ts";
import { spellName } from "../reporting/controls.ts";
import { formatCount, formatNumberOf } from "../reporting/format.ts";
import type { Progress } from "../reporting/progress.ts";
import { backendOption, chosenBackend, openChosen } from "./backend.ts";
import { MAX_TILES } from "./batch_sheet.ts";
import type { Command, Context } from "./command.ts";
import { Explanation } from "./explanation.ts";
import { findImages } from "./find_images.ts";
import { Interruption } from "./interruption.ts";
import { checkOutput } from "./output.ts";
import {
  backgroundOf,
  choiceOfClasses,
  explainedOf,
  formatOf,
  outputOf,
} from "./predict_options.ts";
import type { PredictionFormat } from "./prediction_formats.ts";
import { predictions } from "./predictions.ts";
import { chosenTta, ttaOption } from "./tta.ts";

/** Failures repeated in the last message. */
const SHOWN_FAILURES = 10;

export const command: Command = {
  positionals: [
    { name: "CHECKPOINT", help: "A folded network, or a checkpoint" },
    { name: "IMAGE", help: "An image file, a folder, or a pattern", repeated: true },
  ],
  options: {
    top: {
      value: "N",
      help: "Number of classes per image; by default 5, or all above --threshold",
    },
    threshold: {
      value: "P",
      help: "List classes above this probability; by default the objective's threshold",
    },
    "batch-size": { value: "N", help: "Images computed at once; by default 32" },
    format: {
      value: "FORMAT",
      help: "text, json or csv; by default by FILE's extension, such as .jsonl",
    },
    output: { value: "FILE", help: "Write the predictions to FILE; - is standard output" },
    background: {
      value: "COLOUR",
      help: "Color behind transparent pixels: white (default), black, #808080, ...",
    },
    damaged: { help: "Also classify damaged images, as far as they can be decoded" },
    tta: ttaOption,
    explain: {
      value: "FILE",
      help: "Draw a heat map of what supports each image's class into a PNG file",
    },
    class: {
      value: "NAME",
      help: "With --explain: the class to explain instead of the most probable",
    },
    // Small numbers of images are classified before a GPU's kernels are compiled.
    backend: backendOption("cpu"),
  },
  details:
    "A folder stands for all images in it and below; skipped files are reported. A pattern such as\n" +
    "'**/*.png' needs quotes if the shell would expand it. Images are rotated as their EXIF data says,\n" +
    "cropped around the center to the network's proportions and scaled. --background none uses the\n" +
    "colors stored under transparent pixels. json is one object per line, csv one row per image and\n" +
    "class. For a network with several classes per image, the classes above --threshold are listed,\n" +
    "which may be none. Damaged and unreadable images are reported and skipped; the exit code is then 1,\n" +
    "and 2 if there is no file to read, as in a folder without images. If interrupted, it keeps the\n" +
    "results so far. --explain weights the maps of the last convolution by their effect on the class's\n" +
    "logit (a class activation map) and overlays red and yellow where the sum is positive: one image\n" +
    `alone, or up to ${MAX_TILES} on one sheet.`,
  async run(args, context) {
    const [path, ...words] = args.positionals;
    const choiceFor = choiceOfClasses(args);
    const batchSize = args.integer("batch-size") ?? 32;
    const testTime = chosenTta(args);
    const output = outputOf(args);
    const damaged = args.flag("damaged");
    const format = formatOf(args, damaged);
    const { background, ground } = backgroundOf(args);
    const explained = explainedOf(args);
    const { paths, missing, skipped } = await findImages(words);
    if (paths.length === 0) throw new InputError(missing.map(spellName).join("\n"));
    if (output !== undefined) await checkOutput(output, [path, ...paths], ".txt");
    if (explained !== undefined) {
      const others = output === undefined ? [] : [output];
      await checkOutput(explained, [path, ...paths, ...others], ".png");
    }
    const network = await loadNetwork(path);
    requirePictures(path, network.description.input);
    requireFiniteWeights(path, network.program(1));
    const choose = choiceFor(network.description);
    const choice = chosenBackend(args, {
      backend: "cpu",
      threads: paths.length === 1 ? 1 : "auto",
    });
    const backend = await openChosen(choice, context);
    using explanation = explained === undefined
      ? undefined
      : await Explanation.open(path, network, backend, args.text("class"));

    const { progress } = context;
    skipped.forEach((line) => progress.print(`note: ${spellName(line)}`));
    const failures: string[] = [];
    const onFailure = (message: string) => {
      const line = spellName(message);
      failures.push(line);
      progress.print(`warning: ${line}`);
    };
    missing.forEach(onFailure);
    using interruption = new Interruption(() =>
      progress.print("stopping after the current images; press Ctrl-C again to stop at once")
    );
    using file = output === undefined ? undefined : await Output.open(output);
    const counts: Counts = { all: paths.length, done: 0, onGround: 0 };
    let isStopped = false;
    try {
      await interruption.gracefully(context, async (signal, { print, emit }) => {
        const options = {
          batchSize,
          testTime,
          ground,
          damaged,
          signal,
          choose,
          onFailure,
          keepsPictures: explanation !== undefined,
        };
        const sinks = { format, background, explanation, file, progress, print, emit };
        await writeAll(predictions(network, paths, backend, options), counts, sinks);
        isStopped = counts.done + failures.length < paths.length + missing.length;
        if (explained !== undefined) await explanation?.write(explained);
        if (!isStopped) await file?.finish();
      });
    } catch (error) {
      progress.print(await leave(file, counts));
      throw error;
    }
    progress.finish();
    throwOutputFailure(interruption, progress);
    if (counts.onGround > 0) progress.print(transparencyNote(counts, background));
    if (explanation && explanation.count > 0) {
      progress.print(`explained: ${explained}, ${formatNumberOf(explanation.count, "image")}`);
    }
    if (isStopped) {
      progress.print(await leave(file, counts));
      return EXIT.interrupted;
    }
    // The output file may be standard output itself.
    if (file && !file.isStream) {
      context.print(`predictions: ${output}, ${formatNumberOf(counts.done, "image")}`);
      context.emit({ output, images: counts.done, failures: failures.length });
    }
    if (failures.length > 0) throw unread(failures, paths.length + missing.length);
  },
};

/** Numbers of images. */
interface Counts {
  readonly all: number;
  done: number;
  /** Those with transparent pixels, which are shown on the background. */
  onGround: number;
}

/** Where predictions go, and how they are written. */
interface Sinks extends Pick<Context, "print" | "emit" | "progress"> {
  readonly format: PredictionFormat;
  readonly background: string;
  readonly explanation?: Explanation;
  readonly file?: Output;
}

/** Writes and counts predictions as they are computed. */
async function writeAll(
  found: ReturnType<typeof predictions>,
  counts: Counts,
  { format, background, explanation, file, progress, print, emit }: Sinks,
): Promise<void> {
  const put = async (line: string) => file ? await file.write(`${line}\n`) : print(line);
  if (format.heading !== undefined) await put(format.heading);
  for await (const { result: { isOnGround, ...result }, seen } of found) {
    if (seen) await explanation?.add(seen);
    const prediction = isOnGround ? { ...result, background } : result;
    if (result.damage) progress.print(`warning: ${spellName(result.image)}: ${result.damage}`);
    if (isOnGround) counts.onGround++;
    await put(format.lines(prediction));
    counts.done++;
    if (!file) emit({ ...prediction });
    else {
      progress.update(() =>
        `${formatCount(counts.done)} of ${formatNumberOf(counts.all, "image")}`
      );
    }
  }
}

/** Throws the error of standard output, if it failed. */
function throwOutputFailure({ outputFailure }: Interruption, progress: Progress): void {
  if (outputFailure === undefined) return;
  if (outputFailure instanceof Deno.errors.BrokenPipe) {
    progress.print("standard output was closed; some predictions are not written");
  }
  throw outputFailure;
}

function transparencyNote({ onGround, done }: Counts, background: string): string {
  return `note: ${formatCount(onGround)} of ${formatNumberOf(done, "image")} ` +
    `${onGround === 1 ? "has" : "have"} transparent pixels, shown on ${background} (--background)`;
}

/** The last message, which repeats the first failures. */
function unread(failures: readonly string[], all: number): RunError {
  return new RunError(
    [
      `${formatCount(failures.length)} of ${formatCount(all)} could not be read:`,
      ...failures.slice(0, SHOWN_FAILURES),
      ...(failures.length > SHOWN_FAILURES ? ["…"] : []),
    ].join("\n  "),
  );
}

/** The message of an interruption: where the predictions so far are. */
async function leave(file: Output | undefined, { done, all }: Counts): Promise<string> {
  const stopped = `stopped after ${formatCount(done)} of ${formatNumberOf(all, "image")}`;
  if (!file || file.isStream) return stopped;
  if (done > 0) return `${stopped}; their predictions are in ${file.temporary}`;
  await file.discard();
  return stopped;
}
