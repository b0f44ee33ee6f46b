/**
 * The learning-rate range test (Smith 2017, "Cyclical Learning Rates for Training Neural Networks",
 * section 3.3): a short training whose rate rises exponentially, and what its losses say.
 */
import type { Sums } from "../checkpoints/run_state.ts";
import { InputError } from "../errors.ts";
import { sum } from "../reporting/statistics.ts";
import { parseOwnOptions } from "../schema/entry.ts";
import { countSteps, type TrainingData, trainingData } from "./data.ts";
import { brokenFromTheStart } from "./failures.ts";
import { Pipeline } from "./pipeline.ts";
import type { ResolvedRecipe } from "./recipe.ts";
import { RUN } from "./run_options.ts";
import { TrainingSession } from "./session.ts";
import type { SessionPlan } from "./session_plan.ts";
import { openBatches, planTraining, type TrainingRunOptions } from "./train.ts";

/** A smoothed loss this many times the lowest one counts as diverged. */
const DIVERGED = 4;
/** Standard deviation of the smoothing, as a share of the steps. */
const SMOOTHING = 0.025;
/** Fewest steps that are meaningful. */
export const MIN_STEPS = 10;
/** Most steps; more add nothing. */
export const MAX_STEPS = 10_000;
/**
 * Upper bound of a loss for smoothing, in units of the first: a loss of 1e9 would hide the others.
 */
const MAX_COUNTED = 10;
/** Smallest relative decrease that counts as falling. */
const MIN_FALL = 0.02;
/** And that decrease in deviations of a smoothed loss by chance. */
const MIN_FALL_OF_NOISE = 4;

/** Which rates are tried. */
export interface RangeOptions {
  /** The rate of the first step. */
  readonly min: number;
  /** The rate of the last step. */
  readonly max: number;
  /** Optimizer steps, 10 to 10,000. */
  readonly steps: number;
}

/** What a range test trains, and who receives its progress. */
interface RangeTestOptions extends Omit<TrainingRunOptions, "epochs"> {
  readonly range: RangeOptions;
  /** Receives every step, in order, from 1. */
  readonly onStep?: (step: number, learningRate: number, loss: number) => void;
}

interface RangePoint {
  readonly learningRate: number;
  /** Of the step's images. */
  readonly loss: number;
  /** Over neighboring steps. */
  readonly smoothed: number;
}

/** The result of a test. */
export interface RangeResult {
  readonly points: readonly RangePoint[];
  /** Whether the loss diverged before the last step. */
  readonly diverged: boolean;
  /** The rate at which the smoothed loss is least. */
  readonly minimum: number;
  /** The rate below it at which it falls most by the logarithm of the rate. */
  readonly steepest: number;
  /** A tenth of {@link RangeResult.minimum}; absent if the losses are inconclusive. */
  readonly suggestion?: number;
  /** Why there is no suggestion. */
  readonly problem?: string;
}

/** What {@link testLearningRates} compiles with the same arguments. */
export function planRangeTest(recipe: ResolvedRecipe, options: RangeTestOptions): SessionPlan {
  return planTraining(recipe, trainingOf(options));
}

/**
 * Trains by rates that rise exponentially from `min` to `max` and stops when the loss diverges. The
 * recipe's model is left unchanged; schedule, validation and checkpoints are not used. The same
 * options give the same bits. Throws InputError for an invalid range, and as a training does.
 */
export async function testLearningRates(
  recipe: ResolvedRecipe,
  options: RangeTestOptions,
  plan: SessionPlan = planRangeTest(recipe, options),
): Promise<RangeResult> {
  const { range: { min, max, steps }, onStep } = options;
  const training = trainingOf(options);
  using loader = openBatches(recipe, training, plan);
  const session = await TrainingSession.create(training.backend, plan);
  try {
    const rateOf = (step: number) => min * (max / min) ** (step / (steps - 1));
    const losses: number[] = [];
    const width = SMOOTHING * steps;
    let [least, diverged] = [Infinity, false];
    const data = trainingData(loader, undefined, plan);
    for await (const loss of lossesOf(session, data, steps, rateOf)) {
      if (!Number.isFinite(loss)) {
        if (losses.length === 0) throw brokenFromTheStart(`the loss is ${loss}`);
        diverged = true;
        break;
      }
      losses.push(loss);
      onStep?.(losses.length, rateOf(losses.length - 1), loss);
      const latest = smoothedAt(losses, losses.length - 1, width);
      least = Math.min(least, latest);
      diverged = latest > DIVERGED * least;
      if (diverged) break;
    }
    const points = losses.map((loss, step) => ({
      learningRate: rateOf(step),
      loss,
      smoothed: smoothedAt(losses, step, width),
    }));
    return { points, diverged, ...readRange(points, diverged, width) };
  } finally {
    session.dispose();
  }
}

/**
 * Evaluates losses at rising rates. The suggestion is a tenth of the rate with the lowest loss:
 * there the loss is about to rise, and a tenth of it is well within the falling part. The rate of
 * the steepest fall is reported too, but a slope is far noisier than a minimum.
 *
 * @param width the deviation of the smoothing, in steps
 */
export function readRange(
  points: readonly RangePoint[],
  diverged: boolean,
  width: number,
): Pick<RangeResult, "minimum" | "steepest" | "suggestion" | "problem"> {
  const losses = points.map(({ smoothed }) => smoothed);
  const lowest = losses.indexOf(Math.min(...losses));
  const slopes = losses.slice(0, lowest + 1).map((_, i) => {
    const [from, to] = [Math.max(0, i - 1), Math.min(lowest, i + 1)];
    return to === from ? 0 : (losses[to] - losses[from]) / (to - from);
  });
  const steep = slopes.indexOf(Math.min(...slopes));
  const minimum = points[lowest].learningRate;
  const found = { minimum, steepest: points[steep].learningRate };
  const noise = noiseOf(points.slice(0, lowest + 1).map(({ loss }) => loss), width);
  const leastFall = Math.max(MIN_FALL * losses[0], MIN_FALL_OF_NOISE * noise);
  const problem = losses[0] - losses[lowest] < leastFall
    ? "the loss hardly falls at any rate; take more steps (--steps), or start lower (--min)"
    : minimum / 10 < points[0].learningRate
    ? "the loss is lowest within the first tenfold of the rates; start lower (--min)"
    : !diverged && lowest === losses.length - 1
    ? "the loss still falls at the highest rate; go higher (--max)"
    : undefined;
  return { ...found, ...(problem ? { problem } : { suggestion: minimum / 10 }) };
}

/**
 * The deviation of a smoothed loss by chance, from the differences of losses and the mean of their
 * neighbors.
 */
function noiseOf(losses: readonly number[], width: number): number {
  const residuals = losses.slice(1, -1).map((loss, i) => loss - (losses[i] + losses[i + 2]) / 2);
  if (residuals.length === 0) return 0;
  // A residual has 1 + 2/4 times the variance of a loss.
  const variance = sum(residuals.map((residual) => residual ** 2)) / residuals.length / 1.5;
  const reach = Math.ceil(3 * width);
  const weights = Array.from(
    { length: 2 * reach + 1 },
    (_, i) => smoothingWeight(i - reach, width),
  );
  return Math.sqrt(variance * sum(weights.map((weight) => weight ** 2))) / sum(weights);
}

/** The training of a test. Throws InputError for an invalid range. */
function trainingOf(
  { range: { min, max, steps }, onStep: _, validation: __, ...rest }: RangeTestOptions,
): TrainingRunOptions {
  if (!(min > 0 && min < max && max < Infinity)) {
    throw new InputError(`the rates go from ${min} to ${max}; expected 0 < min < max`);
  }
  if (!(steps >= MIN_STEPS && steps <= MAX_STEPS)) {
    throw new InputError(`found ${steps} steps; expected ${MIN_STEPS} to ${MAX_STEPS}`);
  }
  const { epochs: ___, ...run } = parseOwnOptions(RUN, { ...rest, epochs: 1 });
  return { ...rest, epochs: Math.ceil(steps / countSteps(rest.train, run)) };
}

/** The losses of the steps, in order; steps in flight are dropped when the caller stops reading. */
async function* lossesOf(
  session: TrainingSession,
  data: TrainingData,
  steps: number,
  rateOf: (step: number) => number,
): AsyncGenerator<number, void, void> {
  const batches = new Pipeline<{ sums: Sums; endsStep: boolean }>(session.backend);
  let [step, loss, count] = [0, 0, 0];
  async function* settle(most: () => boolean) {
    while (batches.size > 0 && most()) {
      const { sums, endsStep } = await batches.take();
      loss += Number(sums.loss);
      count += Number(sums.count);
      if (!endsStep) continue;
      yield loss / count;
      [loss, count] = [0, 0];
    }
  }
  try {
    for (let epoch = 0; step < steps; epoch++) {
      for await (const batch of data.batches(epoch, 0)) {
        const { part, parts, endsStep } = batch;
        const place = { step, part, parts, endsStep };
        const training = session.train(batch, place, { learningRate: rateOf(step) });
        batches.add(training.then(({ sums }) => ({ sums, endsStep })));
        if (endsStep) step++;
        yield* settle(() => batches.isFull);
        if (step === steps) break;
      }
    }
    yield* settle(() => true);
  } finally {
    while (batches.size > 0) await batches.take().catch(() => {});
  }
}

/** The mean of the losses around one, weighted by a normal distribution; `width` is its deviation. */
function smoothedAt(losses: readonly number[], at: number, width: number): number {
  const reach = Math.ceil(3 * width);
  const most = MAX_COUNTED * Math.abs(losses[0]);
  let [weighted, total] = [0, 0];
  for (let i = Math.max(0, at - reach); i <= Math.min(losses.length - 1, at + reach); i++) {
    const weight = smoothingWeight(i - at, width);
    weighted += weight * Math.min(losses[i], most);
    total += weight;
  }
  return weighted / total;
}

function smoothingWeight(distance: number, width: number): number {
  return Math.exp(-((distance / width) ** 2) / 2);
}
