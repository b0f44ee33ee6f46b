/** The options of `overfold predict`. */
import { extname } from "@std/path";
import { InputError } from "../errors.ts";
import { GROUNDS, parseGround } from "../files/colours.ts";
import type { Colour } from "../files/pixels.ts";
import { DEFAULT_THRESHOLD } from "../networks/activation.ts";
import type { NetworkDescription } from "../networks/network.ts";
import type { Arguments } from "./command.ts";
import {
  type NamedProbability,
  type PredictionFormat,
  predictionFormats,
} from "./prediction_formats.ts";

/** The background of transparent pixels, as it was given and as a color. */
export function backgroundOf(args: Arguments): { background: string; ground?: Colour } {
  const background = args.text("background") ?? "white";
  const parsed = parseGround(background);
  if (parsed) return { background, ...parsed };
  throw new InputError(`--background: found "${background}", expected ${GROUNDS}`);
}

/** The file that `--explain` draws. Throws InputError for options that require or exclude it. */
export function explainedOf(args: Arguments): string | undefined {
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
export function outputOf(args: Arguments): string | undefined {
  const output = args.text("output");
  return output === "-" ? undefined : output;
}

/** The format that `--format` names, or the extension of `--output`, or else text. */
export function formatOf(args: Arguments, damaged: boolean): PredictionFormat {
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

/** Chooses which of the ranked classes are listed: the most probable, or those above a threshold. */
type ClassChoice = (ranking: readonly NamedProbability[]) => readonly NamedProbability[];

/** The choice that the options make for a network; throws InputError for one that cannot be made. */
export function choiceOfClasses(args: Arguments): (network: NetworkDescription) => ClassChoice {
  const top = args.integer("top");
  const threshold = args.number("threshold", "a probability from 0 to 1", (p) => p >= 0 && p <= 1);
  return ({ model, activation, threshold: trained }) => {
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
  };
}
