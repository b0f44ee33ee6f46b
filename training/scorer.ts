/** Scores batches of one size: a network's logits and the objective's results for them. */
import type { Executable, TensorData } from "../backends/backend.ts";
import { extendProgram, input, output, trace } from "../graph/trace.ts";
import type { Program } from "../graph/types.ts";
import { logitsOf, meanProbabilities } from "../networks/activation.ts";
import type { Objective } from "./objectives/objective.ts";
import { traceEvaluation, traceTargets } from "./step_program.ts";

interface Scored {
  /** The loss, the objective's sums and the `logits` of every image. */
  readonly outputs: Readonly<Record<string, Float32Array>>;
  /** The network's own logits, f32 [images · views, classes]. */
  readonly own: Float32Array;
}

interface Scorer {
  /** Programs to compile together. */
  readonly programs: readonly Program[];
  /** Scores a batch; the arrays may be overwritten once it returns. */
  score(executable: Executable, arrays: Readonly<Record<string, TensorData>>): Promise<Scored>;
}

/**
 * A scorer of batches.
 *
 * @param inference computes the logits of a batch
 * @param batchSize images in it
 */
export function scorerOf(inference: Program, objective: Objective, batchSize: number): Scorer {
  const { logits } = inference.outputs;
  const program = extendProgram(inference, () => {
    traceEvaluation(objective, logits, traceTargets(objective.targets, batchSize));
    output("logits", logits);
  });
  const names = ["pixels", ...objective.targets.map(({ name }) => name)];
  return {
    programs: [program],
    async score(executable, arrays) {
      const outputs = await executable.run(program.name, selected(arrays, names));
      return { outputs, own: outputs.logits };
    },
  };
}

/**
 * A scorer of images in several views, by logits whose probabilities are the mean of those of the
 * views.
 *
 * @param inference computes the logits of a batch of all views
 */
export function viewScorerOf(
  inference: Program,
  objective: Objective,
  batchSize: number,
  views: number,
): Scorer {
  const [, classes] = inference.outputs.logits.shape;
  const scoring = trace({ name: `${inference.name}.score` }, () => {
    const logits = input("logits", [batchSize, classes]);
    traceEvaluation(objective, logits, traceTargets(objective.targets, batchSize));
  });
  const names = objective.targets.map(({ name }) => name);
  return {
    programs: [inference, scoring],
    async score(executable, { pixels, ...arrays }) {
      const targets = Object.fromEntries(
        Object.entries(selected(arrays, names)).map(([name, array]) => [name, array.slice()]),
      );
      const { logits: own } = await executable.run(inference.name, { pixels });
      const logits = averaged(own, views, classes, objective);
      const outputs = await executable.run(scoring.name, { ...targets, logits });
      return { outputs: { ...outputs, logits }, own };
    },
  };
}

function averaged(
  own: Float32Array,
  views: number,
  classes: number,
  { activation }: Objective,
): Float32Array {
  const size = views * classes;
  const logits = new Float32Array(own.length / views);
  for (let image = 0; image < own.length / size; image++) {
    const mean = meanProbabilities(
      own.subarray(image * size, (image + 1) * size),
      views,
      activation,
    );
    logits.set(logitsOf(mean, activation), image * classes);
  }
  return logits;
}

function selected(
  arrays: Readonly<Record<string, TensorData>>,
  names: readonly string[],
): Record<string, TensorData> {
  return Object.fromEntries(names.map((name) => [name, arrays[name]]));
}
