/** Evaluates a network by its logits, whatever kind of file it came from. */
import type { Backend } from "../backends/backend.ts";
import { type NamedPicture, requireFiniteLogits } from "../networks/finite.ts";
import {
  type FoldedNetwork,
  type NetworkDescription,
  networkProgram,
} from "../networks/network.ts";
import { calibratedProgram } from "../networks/temperature.ts";
import type { Metrics } from "../checkpoints/run_state.ts";
import { imageSize, type ImageSource } from "../datasets/image_source.ts";
import { BatchLoader } from "../datasets/loader.ts";
import { InputError, within } from "../errors.ts";
import type { Program } from "../graph/types.ts";
import { Evaluation, resultOf, withoutFilling } from "./evaluation.ts";
import { parseOwnOptions, z } from "../schema/entry.ts";
import { RUN } from "./run_options.ts";
import type { Objective } from "./objectives/objective.ts";
import type { ImageTally } from "./objectives/tally.ts";
import { type ObjectiveChoice, objectiveOf } from "./objectives/registry.ts";
import { scorerOf, viewScorerOf } from "./scorer.ts";
import { checkTargets } from "./targets.ts";

const OPTIONS = {
  about: "How a network is evaluated",
  schema: z.object({
    batchSize: RUN.schema.shape.evaluationBatchSize,
    views: z.int().min(1).default(1),
  }),
};

/** Options of {@link evaluateNetwork}. */
export interface EvaluateOptions {
  /** The network's objective. Default: classification. */
  readonly objective?: ObjectiveChoice | Objective;
  /** Images per step, counting each view. Default 256. */
  readonly batchSize?: number;
  /**
   * Views of each image, stored one below the other in it; their probabilities are averaged.
   * Default 1.
   */
  readonly views?: number;
  /** Receives the number of evaluated images, after every batch. */
  readonly onProgress?: (count: number) => void;
  /** Receives the logits and targets of every image, such as an {@link Objective.report}. */
  readonly tally?: ImageTally;
}

/**
 * Returns the program for a batch size: input `pixels` u8 [N, H, W, C], output `logits` f32 [N,
 * classes].
 */
export interface EvaluatedNetwork {
  /** Its input and output, if known. */
  readonly description?: NetworkDescription;
  /** The program, traced again at each call. */
  program(batchSize: number): Program;
}

/**
 * The metrics of a network on images with targets, such as mean loss and accuracy. A network's
 * temperature, if it has one, divides its logits.
 *
 * @param network as `loadNetwork` reads it, or folded
 * @throws InputError for a network of another kind of objective, for images without the objective's
 *   targets or with targets that do not fit the network, MemoryLimitError for a batch that does not
 *   fit, RunError, naming the first layer with NaN, for a network whose logits for an image are not
 *   finite
 */
export async function evaluateNetwork(
  network: EvaluatedNetwork | FoldedNetwork,
  images: ImageSource,
  backend: Backend,
  { objective: choice, onProgress, tally, ...options }: EvaluateOptions = {},
): Promise<Metrics> {
  const { batchSize, views } = parseOwnOptions(OPTIONS, options);
  const size = Math.max(1, Math.min(Math.floor(batchSize / views), images.count));
  const logitsOf = (batchSize: number) =>
    calibratedProgram(
      programOf(network, batchSize),
      network.description ?? {},
    );
  const inference = logitsOf(size * views);
  const [, classes] = inference.outputs.logits.shape;
  const objective = within(["objective"], () => objectiveOf(choice, classes));
  checkActivation(network.description, objective);
  checkTargets(objective, images, classes, ["images"]);
  const scorer = (program: Program, size: number) =>
    views === 1
      ? scorerOf(program, objective, size)
      : viewScorerOf(program, objective, size, views);
  const rest = objective.ignoresFilling ? 0 : images.count % size;
  const usual = scorer(inference, size);
  const last = rest === 0
    ? usual
    : scorer({ ...logitsOf(rest * views), name: `${inference.name}.last` }, rest);
  using loader = new BatchLoader(images, { batchSize: size });
  const executable = await backend.compile([
    ...new Set([...usual.programs, ...last.programs]),
  ]);
  try {
    let begun = 0;
    const evaluation = new Evaluation(
      objective,
      backend,
      async (batch) => {
        const isLast = batch.count === rest;
        const { arrays, count } = isLast ? withoutFilling(batch, size) : batch;
        const first = begun;
        begun += count;
        const { outputs, own } = await (isLast ? last : usual).score(executable, arrays);
        await requireFiniteLogits(
          own.subarray(0, count * views * classes),
          (batchSize) => programOf(network, batchSize),
          backend,
          (row) => viewOf(images, first * views + row, views),
        );
        return resultOf(outputs, count);
      },
      tally ? [tally] : [],
    );
    for await (const count of evaluation.over(loader.epoch(0))) onProgress?.(count);
    return evaluation.metrics();
  } finally {
    executable.dispose();
  }
}

/** A view of an image, read again: a batch may be overwritten by the time its logits arrive. */
async function viewOf(images: ImageSource, row: number, views: number): Promise<NamedPicture> {
  const [index, view] = [Math.floor(row / views), row % views];
  const pixels = new Uint8Array(imageSize(images.shape));
  await images.read(index, 0, pixels);
  const size = pixels.length / views;
  return { name: `image ${index}`, pixels: pixels.subarray(view * size, (view + 1) * size) };
}

/** Throws InputError if a network's activation is not the objective's. */
function checkActivation(description: NetworkDescription | undefined, objective: Objective): void {
  if (!description) return;
  const { activation = "softmax" } = description;
  if (activation === objective.activation) return;
  throw new InputError(
    `${description.model} turns logits into probabilities by ${activation}, the objective ` +
      `${objective.name} by ${objective.activation}; name the objective that it was trained for`,
    { at: ["objective"] },
  );
}

function programOf(network: EvaluatedNetwork | FoldedNetwork, batchSize: number): Program {
  return "tensors" in network ? networkProgram(network, batchSize) : network.program(batchSize);
}
