/** `overfold predict`: names what pictures show. */

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

/** Failures that the last message repeats. */
const SHOWN_FAILURES = 10;

/** `predict CHECKPOINT IMAGE…`. */
export const command: Command = {
  positionals: [
    { name: "CHECKPOINT", help: "A folded network, or a checkpoint" },
    { name: "IMAGE", help: "A picture file, a folder, or a pattern", repeated: true },
  ],
  options: {
    top: {
      value: "N",
      help: "Classes named for each picture; 5 by default, or all above --threshold",
    },
    threshold: {
      value: "P",
      help: "Name classes above this probability; by default the objective's threshold",
    },
    "batch-size": { value: "N", help: "Pictures computed at once; 32 by default" },
    format: {
      value: "FORMAT",
      help: "text, json or csv; by default as FILE ends: .json, .jsonl, .ndjson, .csv",
    },
    output: { value: "FILE", help: "Write the predictions to FILE; - is standard output" },
    background: {
      value: "COLOUR",
      help: "What transparent pixels lie on, as black or #808080; white by default",
    },
    damaged: { help: "Classify damaged pictures too, as far as they can be decoded" },
    tta: ttaOption,
    explain: {
      value: "FILE",
      help: "Draw what speaks for the pictures' classes into FILE, a PNG",
    },
    class: { value: "NAME", help: "With --explain: for this class instead of the most probable" },
    // A few pictures are classified before a GPU's kernels are compiled.
    backend: backendOption("cpu"),
  },
  details:
    "A folder stands for all pictures in it and below; what is passed over is told. A pattern\n" +
    "such as '**/*.png' needs quotes where the shell would expand it. A picture is held upright as its\n" +
    "EXIF data says; one of another size is cut to the network's proportions around its centre and\n" +
    "scaled. --background none takes the colours that are stored under transparent pixels. json has an\n" +
    "object a line, csv a row for each class of each picture. Of a network for several classes per\n" +
    "picture, those above --threshold are named, which may be none. Pictures that are damaged or cannot\n" +
    "be read are reported and passed over; the exit code is then 1, and 2 where there is no file to\n" +
    "read, as in a folder without pictures. What is done when it is interrupted is kept. --explain\n" +
    "weights the maps of the last convolution by what they do to the class's logit (a class activation\n" +
    "map) and lays red and yellow over where their sum is positive: a picture by itself, several on one\n" +
    `sheet, on which the first ${MAX_TILES} have room.`,
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
    const { paths, missing, passedOver } = await findImages(words);
    if (paths.length === 0) throw new InputError(missing.map(spellName).join("\n"));
    if (output !== undefined) await checkOutput(output, [path, ...paths], ".txt");
    if (explained !== undefined) {
      const others = output === undefined ? [] : [output];
      await checkOutput(explained, [path, ...paths, ...others], ".png");
    }
    const network = await loadNetwork(path);
    requirePictures(path, network.description.input);
    requireFiniteWeights(path, network.program(1));
    const choose = choiceOfClasses(network.description, { top, threshold: thresholdOf(args) });
    const choice = chosenBackend(args, {
      backend: "cpu",
      threads: paths.length === 1 ? 1 : "auto",
    });
    const backend = await openChosen(choice, context);
    using explanation = explained === undefined
      ? undefined
      : await Explanation.open(path, network, backend, args.text("class"));

    const { progress } = context;
    passedOver.forEach((line) => progress.print(`note: ${spellName(line)}`));
    const failures: string[] = [];
    const onFailure = (message: string) => {
      const line = spellName(message);
      failures.push(line);
      progress.print(`warning: ${line}`);
    };
    missing.forEach(onFailure);
    using interruption = new Interruption(() =>
      progress.print("stopping after these pictures; press Ctrl-C again to stop at once")
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
        for await (const { told, seen } of predictions(network, paths, backend, options)) {
          const { isOnGround, ...found } = told;
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
              `${formatCount(count)} of ${formatNumberOf(paths.length, "picture")}`
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
        progress.print("standard output was closed; not all predictions are written");
      }
      throw outputFailure;
    }
    if (onGround > 0) {
      progress.print(
        `note: ${formatCount(onGround)} of ${formatNumberOf(count, "picture")} ` +
          `${onGround === 1 ? "has" : "have"} transparent pixels, which lie on ${background} ` +
          "(--background)",
      );
    }
    if (explanation && explanation.count > 0) {
      progress.print(`explained: ${explained}, ${formatNumberOf(explanation.count, "picture")}`);
    }
    if (isStopped) {
      progress.print(await leave(file, count, paths.length));
      return EXIT.interrupted;
    }
    // What is written to may be standard output itself.
    if (file && !file.isStream) {
      context.print(`predictions: ${output}, ${formatNumberOf(count, "picture")}`);
      context.emit({ output, images: count, failures: failures.length });
    }
    if (failures.length > 0) throw unread(failures, paths.length + missing.length);
  },
};

/** The last message, which repeats the first of what could not be read. */
function unread(failures: readonly string[], all: number): RunError {
  return new RunError(
    [
      `${formatCount(failures.length)} of ${formatCount(all)} could not be read:`,
      ...failures.slice(0, SHOWN_FAILURES),
      ...(failures.length > SHOWN_FAILURES ? ["…"] : []),
    ].join("\n  "),
  );
}

/** Ends before all is done: keeps the predictions that there are, and says where. */
async function leave(file: Output | undefined, done: number, all: number): Promise<string> {
  const stopped = `stopped after ${formatCount(done)} of ${formatNumberOf(all, "picture")}`;
  if (!file || file.isStream) return stopped;
  if (done > 0) return `${stopped}; their predictions are in ${file.temporary}`;
  await file.discard();
  return stopped;
}

/** What `--background` says: a name, and what it stands for. */
function backgroundOf(args: Arguments): { background: string; ground?: Colour } {
  const background = args.text("background") ?? "white";
  const parsed = parseGround(background);
  if (parsed) return { background, ...parsed };
  throw new InputError(`--background: found "${background}", expected ${GROUNDS}`);
}

/** The file that `--explain` draws. Throws InputError for options that go without it, or not with it. */
function explainedOf(args: Arguments): string | undefined {
  const explained = args.text("explain");
  if (explained === undefined && args.text("class") !== undefined) {
    throw new InputError("--class says which class --explain explains; give that, too");
  }
  if (explained !== undefined && args.text("tta") !== undefined) {
    throw new InputError("--explain draws what one view shows; give it without --tta");
  }
  return explained;
}

/** What files with an object a line end in, besides `.json`. */
const ENDINGS_OF_LINES = ["jsonl", "ndjson"];

/** The file that is written; `-` is standard output, as nothing is. */
function outputOf(args: Arguments): string | undefined {
  const output = args.text("output");
  return output === "-" ? undefined : output;
}

/** What `--format` says, or the end of the name in `--output`, or else text. */
function formatOf(args: Arguments, damaged: boolean): PredictionFormat {
  const output = outputOf(args);
  const formats = predictionFormats(damaged);
  const names = Object.keys(formats);
  const given = args.choice("format", names);
  const ending = extname(output ?? "").slice(1).toLowerCase();
  const named = ENDINGS_OF_LINES.includes(ending) ? "json" : ending;
  const name = given ?? (names.includes(named) ? named : "text");
  if (args.flag("json") && output === undefined && name !== "json" && given !== undefined) {
    throw new InputError(`--format ${name}: --json prints JSON; give --output too, or one of them`);
  }
  return formats[name];
}

function thresholdOf(args: Arguments): number | undefined {
  const text = args.text("threshold");
  if (text === undefined) return undefined;
  const threshold = text.trim() === "" ? NaN : Number(text);
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new InputError(`--threshold: found "${text}", expected a probability from 0 to 1`);
  }
  return threshold;
}

/** Which of the ranked classes are named: the most probable, or those that are decided for. */
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
      `--threshold: ${model} takes every picture for one class; it is for networks that were ` +
        "trained for several per picture (training.objective: multi_label); use --top",
    );
  }
  return (ranking) => ranking.slice(0, top ?? 5);
}
