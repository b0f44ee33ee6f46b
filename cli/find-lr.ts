/** `overfold find-lr`: suggests a learning rate for a config by a range test. */

import { InputError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { encodePng } from "../files/encode_png.ts";
import { formatCount, formatNumberOf } from "../reporting/format.ts";
import { plotText } from "../reporting/plot.ts";
import {
  MAX_STEPS,
  MIN_STEPS,
  planRangeTest,
  type RangeResult,
  testLearningRates,
} from "../training/learning_rate_range.ts";
import { openChosen } from "./backend.ts";
import { type Command, howToDoWithoutNative, setOption } from "./command.ts";
import { loadImages } from "./load_data.ts";
import { checkPlan, planRun } from "./memory_plan.ts";
import { checkOutput } from "./output.ts";
import { rememberPlaces } from "./places.ts";
import { buildNetwork, checkLastBatch, planNetwork, readConfig, recipeOf } from "./prepare.ts";
import { adoptPretrained, locatePretrained } from "./pretrained.ts";
import { decadesOf, formatRate, topOf } from "./range_axes.ts";
import { rangePicture } from "./range_picture.ts";
import { optionsOf } from "./prepare_run.ts";

/** Defaults: rates from where nothing moves to where everything diverges, and steps. */
const MIN = 1e-6, MAX = 10, STEPS = 200;

export const command: Command = {
  positionals: [{ name: "CONFIG", help: "A config file in YAML" }],
  options: {
    set: setOption(),
    min: { value: "RATE", help: `The first learning rate (default: ${MIN.toExponential()})` },
    max: { value: "RATE", help: `The last learning rate (default: ${MAX})` },
    steps: { value: "N", help: `Optimizer steps (default: ${STEPS})` },
    output: { value: "FILE.png", help: "Plot the losses into a PNG file" },
  },
  details:
    "Trains as the config says, but raises the learning rate by a constant factor per step until the\n" +
    "loss exceeds four times its minimum (Smith 2017). No run is created or changed. The suggestion is a\n" +
    "tenth of the rate at which the smoothed loss is lowest, which is just before it rises. The rate of\n" +
    "steepest descent is also printed; it depends far more on chance. The same config and options give\n" +
    "the same numbers.\n" +
    howToDoWithoutNative("find-lr"),
  async run(args, context) {
    const rateOf = (name: string) =>
      args.number(name, "a learning rate, such as 0.001", (rate) => rate > 0 && rate < Infinity);
    const range = {
      min: rateOf("min") ?? MIN,
      max: rateOf("max") ?? MAX,
      steps: args.integer("steps", MIN_STEPS) ?? STEPS,
    };
    if (range.min >= range.max) {
      throw new InputError(
        `--min must be less than --max: found ${range.min} and ${range.max}`,
      );
    }
    if (range.steps > MAX_STEPS) {
      throw new InputError(`--steps: found ${range.steps}, expected at most ${MAX_STEPS}`);
    }
    const [path] = args.positionals;
    const output = args.text("output");
    if (output !== undefined) await checkOutput(output, [path], ".png");
    const file = await readConfig(path, args, context);
    const { config } = file;
    const pretrained = await locatePretrained(file, context);
    const images = await loadImages(file, context, { isKept: true });
    await rememberPlaces(config);
    const backend = await openChosen(config, context);
    const { architecture, description } = await planNetwork(file, images.info);
    const model = buildNetwork(file, architecture);
    model.initialize(config.seed);
    const recipe = recipeOf(file, model, description, images.train.targets);
    checkLastBatch(file, recipe, description, images.train.count);
    if (pretrained !== undefined) await adoptPretrained(model, pretrained, file, context);
    const options = {
      ...optionsOf(config, description),
      backend,
      train: images.train,
      range,
      onStep: (step: number, learningRate: number, loss: number) =>
        context.progress.update(() =>
          `step ${formatCount(step)} of ${formatCount(range.steps)}  ` +
          `learning rate ${formatRate(learningRate)}  loss ${loss.toFixed(4)}`
        ),
    };
    const plan = planRangeTest(recipe, options);
    const memory = planRun(file, backend, plan.programs, model, images);
    for (const warning of checkPlan(file, memory)) context.progress.print(`warning: ${warning}`);
    const result = await testLearningRates(recipe, options, plan);
    context.progress.finish();
    const title = `${architecture.name} on ${images.info.name}, ` +
      `${formatNumberOf(config.data.batchSize * config.training.accumulate, "image")} per step`;
    if (output !== undefined) {
      await writeFileAtomic(output, await encodePng(rangePicture(result, title)));
    }
    context.print([
      title,
      plotText(curveOf(result)),
      ...described(result, recipe.optimizer.options.learningRate),
      ...(output === undefined ? [] : [`plotted: ${output}`]),
    ].join("\n"));
    const { points, ...found } = result;
    context.emit({ ...found, points, ...(output === undefined ? {} : { output }) });
  },
};

function curveOf(result: RangeResult) {
  const { points, suggestion } = result;
  return {
    points: points.map(({ learningRate, smoothed }) => ({
      x: Math.log10(learningRate),
      y: smoothed,
    })),
    ticks: decadesOf(result).map((rate) => ({ x: Math.log10(rate), label: formatRate(rate) })),
    top: topOf(result),
    ...(suggestion === undefined ? {} : { mark: Math.log10(suggestion) }),
  };
}

/**
 * The result as text.
 *
 * @param present the rate of the config
 */
function described(
  { points, diverged, minimum, steepest, suggestion, problem }: RangeResult,
  present: number,
): string[] {
  const ending = diverged
    ? `the loss diverged after ${formatNumberOf(points.length, "step")}, at ` +
      formatRate(points[points.length - 1].learningRate)
    : `${formatNumberOf(points.length, "step")}, during which the loss did not diverge`;
  const places =
    `the smoothed loss is lowest at ${formatRate(minimum)} and falls most steeply at ` +
    formatRate(steepest);
  if (suggestion === undefined) return [`${ending}; ${places}`, `no suggestion: ${problem}`];
  return [
    `${ending}; ${places}`,
    `suggestion: --set training.optimizer.learningRate=${
      formatRate(suggestion)
    }, a tenth of the rate ` +
    `where it is lowest (the config has ${present})`,
  ];
}
