/** `overfold predict`: names what pictures show. */

import { extname } from "@std/path";
import type { Backend } from "../backends/backend.ts";
import { DEFAULT_THRESHOLD, probabilitiesOf } from "../checkpoints/activation.ts";
import { type LoadedNetwork, loadNetwork } from "../checkpoints/load.ts";
import type { NetworkDescription } from "../checkpoints/network.ts";
import { InputError, RunError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { findImages } from "./find_images.ts";
import { readImage } from "../files/images.ts";
import type { ImageSize } from "../files/pixels.ts";
import { formatCount } from "../reporting/format.ts";
import { pipelined } from "../training/pipeline.ts";
import { backendOption, chosenBackend, openChosen } from "./backend.ts";
import type { Arguments, Command } from "./command.ts";
import { checkOutput } from "./output.ts";
import {
  type NamedProbability,
  type Prediction,
  PREDICTION_FORMATS,
  type PredictionFormat,
} from "./prediction_formats.ts";

/** Failures that the last message repeats. */
const SHOWN_FAILURES = 10;

/** `predict CHECKPOINT IMAGE…`. */
export const command: Command = {
  positionals: [
    { name: "CHECKPOINT", help: "A folded network, or a checkpoint" },
    { name: "IMAGE", help: "A PNG or JPEG file, a folder, or a pattern", repeated: true },
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
    format: { value: "FORMAT", help: "text, json or csv; by default as the name in --output ends" },
    output: { value: "FILE", help: "Write the predictions to FILE" },
    // A few pictures are classified before a GPU's kernels are compiled.
    backend: backendOption("cpu"),
  },
  details:
    "A folder stands for all PNG and JPEG files in it and below. A pattern such as '**/*.png' needs\n" +
    "quotes where the shell would expand it. A picture of another size is cut to the network's\n" +
    "proportions around its centre and scaled. json has an object a line, csv a row for each class\n" +
    "of each picture. Of a network for several classes per picture, those above --threshold are named,\n" +
    "which may be none. Pictures that cannot be read are reported and passed over; the exit code is\n" +
    "then 1, and 2 where there is no picture at all.",
  async run(args, context) {
    const [path, ...words] = args.positionals;
    const top = args.integer("top");
    const batchSize = args.integer("batch-size") ?? 32;
    const output = args.text("output");
    const format = formatOf(args);
    const { paths, missing } = await findImages(words);
    if (paths.length === 0) throw new InputError(missing.join("\n"));
    if (output !== undefined) await checkOutput(output, [path, ...paths]);
    const network = await loadNetwork(path);
    const choose = choiceOfClasses(network.description, { top, threshold: thresholdOf(args) });
    const choice = chosenBackend(args, {
      backend: "cpu",
      threads: paths.length === 1 ? 1 : "auto",
    });
    const backend = await openChosen(choice, context);

    const failures: string[] = [];
    const onFailure = (message: string) => {
      failures.push(message);
      context.progress.print(`warning: ${message}`);
    };
    missing.forEach(onFailure);
    const lines = format.heading === undefined ? [] : [format.heading];
    if (output === undefined) lines.forEach(context.print);
    let count = 0;
    const results = predictions(network, paths, backend, { batchSize, choose, onFailure });
    for await (const prediction of results) {
      count++;
      if (output !== undefined) {
        lines.push(format.lines(prediction));
        context.progress.update(() =>
          `${formatCount(count)} of ${formatCount(paths.length)} pictures`
        );
      } else {
        context.print(format.lines(prediction));
        context.emit({ ...prediction });
      }
    }
    context.progress.finish();
    if (output !== undefined) {
      await writeFileAtomic(output, lines.map((line) => `${line}\n`).join(""));
      context.print(`predictions: ${output}, ${formatCount(count)} pictures`);
      context.emit({ output, images: count, failures: failures.length });
    }
    if (failures.length > 0) {
      throw new RunError(
        [
          `${formatCount(failures.length)} of ${formatCount(paths.length + missing.length)} ` +
          "could not be read:",
          ...failures.slice(0, SHOWN_FAILURES),
          ...(failures.length > SHOWN_FAILURES ? ["…"] : []),
        ].join("\n  "),
      );
    }
  },
};

/** What `--format` says, or the end of the name in `--output`, or else text. */
function formatOf(args: Arguments): PredictionFormat {
  const output = args.text("output");
  const names = Object.keys(PREDICTION_FORMATS);
  const given = args.choice("format", names);
  const ending = extname(output ?? "").slice(1);
  const name = given ?? (names.includes(ending) ? ending : "text");
  if (args.flag("json") && output === undefined && name !== "json" && given !== undefined) {
    throw new InputError(`--format ${name}: --json prints JSON; give --output too, or one of them`);
  }
  return PREDICTION_FORMATS[name];
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

/** Pictures read, as a network takes them. */
interface PictureBatch {
  readonly paths: readonly string[];
  /** u8 [batchSize, height, width, channels]; zero beyond the last picture. */
  readonly pixels: Uint8Array;
}

/** What pictures show, in their order. Those that cannot be read are told to `onFailure`. */
async function* predictions(
  { program, description: { input, classNames, activation } }: LoadedNetwork,
  paths: readonly string[],
  backend: Backend,
  options: {
    readonly batchSize: number;
    choose(ranking: readonly NamedProbability[]): readonly NamedProbability[];
    onFailure(message: string): void;
  },
): AsyncGenerator<Prediction, void, void> {
  const batchSize = Math.min(options.batchSize, paths.length);
  const infer = program(batchSize);
  const executable = await backend.compile([infer]);
  try {
    const batches = readBatches(paths, input, batchSize, options.onFailure);
    const results = pipelined(batches, backend, async ({ paths, pixels }) => {
      const { logits } = await executable.run(infer.name, { pixels });
      return { paths, logits };
    });
    for await (const { paths, logits } of results) {
      const classes = logits.length / batchSize;
      for (const [row, image] of paths.entries()) {
        const own = logits.subarray(row * classes, (row + 1) * classes);
        const ranked = ranking(probabilitiesOf(own, activation), classNames);
        yield { image, predictions: options.choose(ranked) };
      }
    }
  } finally {
    executable.dispose();
  }
}

async function* readBatches(
  paths: readonly string[],
  size: ImageSize,
  batchSize: number,
  onFailure: (message: string) => void,
): AsyncGenerator<PictureBatch, void, void> {
  const imageBytes = size.height * size.width * size.channels;
  const emptyBatch = () => ({
    paths: [] as string[],
    pixels: new Uint8Array(batchSize * imageBytes),
  });
  let batch = emptyBatch();
  for (const path of paths) {
    try {
      batch.pixels.set(await readImage(path, size), batch.paths.length * imageBytes);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      onFailure(error.message);
      continue;
    }
    batch.paths.push(path);
    if (batch.paths.length === batchSize) {
      yield batch;
      batch = emptyBatch();
    }
  }
  if (batch.paths.length > 0) yield batch;
}

/** All classes, the most probable first. */
function ranking(
  probabilities: readonly number[],
  classNames: readonly string[],
): NamedProbability[] {
  return probabilities
    .map((probability, i) => ({ name: classNames[i] ?? String(i), probability }))
    .sort((a, b) => b.probability - a.probability);
}
