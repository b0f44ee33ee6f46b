/** `overfold predict`: classifies images. */

import { extname } from "@std/path";
import { DEFAULT_THRESHOLD } from "../networks/activation.ts";
import { requireFiniteWeights } from "../networks/finite.ts";
import { loadNetwork } from "../checkpoints/load.ts";
import type { NetworkDescription } from "../networks/network.ts";
import { EXIT, InputError, RunError } from "../errors.ts";
import { GROUNDS, parseGround } from "../files/colours.ts";
import { requirePictures } from "../files/images.ts";
import { Output } from "../files/output.ts";
import type { Colour } from "../files/pixels.ts";
import { spellName } from "../reporting/controls.ts";
import { formatCount, formatNumberOf } from "../reporting/format.ts";
import { backendOption, chosenBackend, openChosen } from "./backend.ts";
import type { Arguments, Command } from "./command.ts";
import { MAX_TILES } from "./batch_sheet.ts";
import { Explanation } from "./explanation.ts";
import { findImages } from "./find_images.ts";
import { Interruption } from "./interruption.ts";
import { checkOutput } from "./output.ts";
import {
  type NamedProbability,
  type PredictionFormat,
  predictionFormats,
} from "./prediction_formats.ts";
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
    const top = args.integer("top");
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
    const threshold = args.number(
      "threshold",
      "a probability from 0 to 1",
      (p) => p >= 0 && p <= 1,
    );
    const choose = choiceOfClasses(network.description, { top, threshold });
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
    let [count, onGround, isStopped] = [0, 0, false];
    try {
      await interruption.gracefully(context, async (signal, { print, emit }) => {
        const put = async (line: string) => file ? await file.write(`${line}\n`) : print(line);
        if (format.heading !== undefined) await put(format.heading);
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
        for await (const { result, seen } of predictions(network, paths, backend, options)) {
          const { isOnGround, ...found } = result;
          if (seen) await explanation?.add(seen);
          const prediction = isOnGround ? { ...found, background } : found;
          if (found.damage) {
            progress.print(`warning: ${spellName(found.image)}: ${found.damage}`);
          }
          if (isOnGround) onGround++;
          await put(format.lines(prediction));
          count++;
          if (file) {
            progress.update(() =>
              `${formatCount(count)} of ${formatNumberOf(paths.length, "image")}`
            );
          } else {
            emit({ ...prediction });
          }
        }
        isStopped = count + failures.length < paths.length + missing.length;
        if (explained !== undefined) await explanation?.write(explained);
        if (!isStopped) await file?.finish();
      });
    } catch (error) {
      progress.print(await leave(file, count, paths.length));
      throw error;
    }
    progress.finish();
    const { outputFailure } = interruption;
    if (outputFailure !== undefined) {
      if (outputFailure instanceof Deno.errors.BrokenPipe) {
        progress.print("standard output was closed; some predictions are not written");
      }
      throw outputFailure;
    }
    if (onGround > 0) {
      progress.print(
        `note: ${formatCount(onGround)} of ${formatNumberOf(count, "image")} ` +
          `${onGround === 1 ? "has" : "have"} transparent pixels, shown on ${background} ` +
          "(--background)",
      );
    }
    if (explanation && explanation.count > 0) {
      progress.print(`explained: ${explained}, ${formatNumberOf(explanation.count, "image")}`);
    }
    if (isStopped) {
      progress.print(await leave(file, count, paths.length));
      return EXIT.interrupted;
    }
    // The output file may be standard output itself.
    if (file && !file.isStream) {
      context.print(`predictions: ${output}, ${formatNumberOf(count, "image")}`);
      context.emit({ output, images: count, failures: failures.length });
    }
    if (failures.length > 0) throw unread(failures, paths.length + missing.length);
  },
};

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
async function leave(file: Output | undefined, done: number, all: number): Promise<string> {
  const stopped = `stopped after ${formatCount(done)} of ${formatNumberOf(all, "image")}`;
  if (!file || file.isStream) return stopped;
  if (done > 0) return `${stopped}; their predictions are in ${file.temporary}`;
  await file.discard();
  return stopped;
}

function backgroundOf(args: Arguments): { background: string; ground?: Colour } {
  const background = args.text("background") ?? "white";
  const parsed = parseGround(background);
  if (parsed) return { background, ...parsed };
  throw new InputError(`--background: found "${background}", expected ${GROUNDS}`);
}

/** The file that `--explain` draws. Throws InputError for options that require or exclude it. */
function explainedOf(args: Arguments): string | undefined {
  const explained = args.text("explain");
  if (explained === undefined && args.text("class") !== undefined) {
    throw new InputError("--class needs --explain");
  }
  if (explained !== undefined && args.text("tta") !== undefined) {
    throw new InputError("--explain uses a single view; leave out --tta");
  }
  return explained;
}

/** Extensions of files with one object per line, besides `.json`. */
const ENDINGS_OF_LINES = ["jsonl", "ndjson"];

/** The output file; undefined or `-` is standard output. */
function outputOf(args: Arguments): string | undefined {
  const output = args.text("output");
  return output === "-" ? undefined : output;
}

/** The format that `--format` names, or the extension of `--output`, or else text. */
function formatOf(args: Arguments, damaged: boolean): PredictionFormat {
  const output = outputOf(args);
  const formats = predictionFormats(damaged);
  const names = Object.keys(formats);
  const given = args.choice("format", names);
  const ending = extname(output ?? "").slice(1).toLowerCase();
  const named = ENDINGS_OF_LINES.includes(ending) ? "json" : ending;
  const name = given ?? (names.includes(named) ? named : "text");
  if (args.flag("json") && output === undefined && name !== "json" && given !== undefined) {
    throw new InputError(
      `--format ${name}: --json prints JSON; add --output, or leave one of them out`,
    );
  }
  return formats[name];
}

/** Which of the ranked classes are listed: the most probable, or those above the threshold. */
function choiceOfClasses(
  { model, activation, threshold: trained }: NetworkDescription,
  { top, threshold }: { readonly top?: number; readonly threshold?: number },
): (ranking: readonly NamedProbability[]) => readonly NamedProbability[] {
  if (activation === "sigmoid") {
    const least = threshold ?? trained ?? DEFAULT_THRESHOLD;
    return (ranking) =>
      ranking.filter(({ probability }) => probability > least).slice(0, top ?? Infinity);
  }
  if (threshold !== undefined) {
    throw new InputError(
      `--threshold: ${model} assigns one class to every image; the option is for networks ` +
        "trained for several per image (training.objective: multi_label); use --top",
    );
  }
  return (ranking) => ranking.slice(0, top ?? 5);
}
