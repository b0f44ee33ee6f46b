import { z } from "../../schema/entry.ts";
import { halfCosine, type Schedule } from "./schedule.ts";
import { withWarmup } from "./warmup.ts";

const schema = z.object({
  maxLearningRate: z.number().positive().optional().describe(
    "The highest rate; by default the optimizer's learning rate",
  ),
  pctStart: z.number().positive().lt(1).default(0.3).describe("Share of the training spent rising"),
  annealStrategy: z.enum(["cos", "linear"]).default("cos").describe("Form of the rise and fall"),
  divFactor: z.number().positive().default(25).describe("The first rate is the highest over this"),
  finalDivFactor: z.number().positive().default(1e4).describe(
    "The last rate is the first over this",
  ),
  threePhase: z.boolean().default(false).describe(
    "Mirror the rise first, then fall to the last rate",
  ),
  cycleMomentum: z.boolean().default(true).describe(
    "Move the momentum (Adam's first beta) against the rate, where there is one",
  ),
  baseMomentum: z.number().min(0).lt(1).default(0.85).describe("The momentum at the highest rate"),
  maxMomentum: z.number().min(0).lt(1).default(0.95).describe(
    "The momentum at the first and last rate",
  ),
});

/**
 * Rises to the highest rate and falls again, counted in steps over the whole training;
 * `OneCycleLR`. Steps after the last repeat its rate.
 */
export const oneCycle = withWarmup({
  about: "Up to the highest rate and down again over the whole training, as OneCycleLR",
  schema,
  build: (options, { learningRate, totalSteps }) => build(options, learningRate, totalSteps),
});

/** A phase of the policy, up to and including step `end`. */
interface Phase {
  readonly end: number;
  readonly rate: readonly [from: number, to: number];
  readonly momentum: readonly [from: number, to: number];
}

function build(options: z.output<typeof schema>, base: number, totalSteps: number): Schedule {
  const {
    maxLearningRate: highest = base,
    pctStart,
    annealStrategy,
    divFactor,
    finalDivFactor,
    threePhase,
    cycleMomentum,
    baseMomentum,
    maxMomentum,
  } = options;
  const initial = highest / divFactor;
  const lowest = initial / finalDivFactor;
  const rise: Phase = {
    end: pctStart * totalSteps - 1,
    rate: [initial, highest],
    momentum: [maxMomentum, baseMomentum],
  };
  const last = totalSteps - 1;
  const fall: readonly Phase[] = threePhase
    ? [
      {
        end: 2 * pctStart * totalSteps - 2,
        rate: [highest, initial],
        momentum: [baseMomentum, maxMomentum],
      },
      { end: last, rate: [initial, lowest], momentum: [maxMomentum, maxMomentum] },
    ]
    : [{ end: last, rate: [highest, lowest], momentum: [baseMomentum, maxMomentum] }];
  const phases = [rise, ...fall];
  const between = annealStrategy === "cos"
    ? halfCosine
    : (start: number, end: number, phase: number) => start + (end - start) * phase;
  return (step) => {
    const at = Math.min(step, last);
    const found = phases.findIndex(({ end }) => at <= end);
    const index = found < 0 ? phases.length - 1 : found;
    const begin = index === 0 ? 0 : phases[index - 1].end;
    const { end, rate, momentum } = phases[index];
    const passed = end > begin ? (at - begin) / (end - begin) : 1;
    const learningRate = between(rate[0], rate[1], passed);
    return cycleMomentum
      ? { learningRate, momentum: between(momentum[0], momentum[1], passed) }
      : { learningRate };
  };
}
