/** Evaluating a network by its logits, whatever kind of file it came from. */
import type { Backend } from "../backends/backend.ts";
import { type NamedPicture, requireFiniteLogits } from "../checkpoints/finite.ts";
import {
  type FoldedNetwork,
  type NetworkDescription,
  networkProgram,
} from "../checkpoints/network.ts";
import type { Metrics } from "../checkpoints/run_state.ts";
import { imageSize, type ImageSource } from "../datasets/image_source.ts";
import { BatchLoader } from "../datasets/loader.ts";
import { InputError, within } from "../errors.ts";
import { extendProgram, output } from "../graph/trace.ts";
import type { Program } from "../graph/types.ts";
import { Evaluation, resultOf, withoutFilling } from "./evaluation.ts";
import { parseOwnOptions, z } from "../schema/entry.ts";
import { RUN } from "./run_options.ts";
import type { ImageTally, Objective } from "./objectives/objective.ts";
import { type ObjectiveChoice, objectiveOf } from "./objectives/registry.ts";
import { traceEvaluation, traceTargets } from "./step_program.ts";
import { checkTargets } from "./targets.ts";

const OPTIONS = {
  about: "How a network is evaluated",
  schema: z.object({ batchSize: RUN.schema.shape.evaluationBatchSize }),
};

/** Options of {@link evaluateNetwork}. */
export interface EvaluateOptions {
  /** What the network was trained for. Default: classification. */
  readonly objective?: ObjectiveChoice | Objective;
  /** Images in a step. Default 256. */
  readonly batchSize?: number;
  /** Receives the number of images done, at every batch. */
  readonly onProgress?: (count: number) => void;
  /** Sees the logits and targets of every image; an {@link Objective.report}, for instance. */
  readonly tally?: ImageTally;
}

/** Gives the program for a batch size: input `pixels` u8 [N, H, W, C], output `logits` f32 [N, classes]. */
export interface EvaluatedNetwork {
  /** What it takes and gives, where it is known. */
  readonly description?: NetworkDescription;
  /** The program, traced anew at each call. */
  program(batchSize: number): Program;
}

/**
 * The metrics of a network on images that have targets, such as the mean loss and the accuracy.
 *
 * @param network as `loadNetwork` reads it, or folded
 * @throws InputError for a network that was trained for another kind of objective, for images
 *   without the objective's targets or with ones that do not fit the network, MemoryLimitError for a
 *   batch that does not fit, RunError, naming the layer where it begins, for a network that gives no
 *   numbers for an image
 */
export async function evaluateNetwork(
  network: EvaluatedNetwork | FoldedNetwork,
  images: ImageSource,
  backend: Backend,
  { objective: choice, onProgress, tally, ...options }: EvaluateOptions = {},
): Promise<Metrics> {
  const { batchSize } = parseOwnOptions(OPTIONS, options);
  const size = Math.min(batchSize, images.count);
  const inference = programOf(network, size);
  const [, classes] = inference.outputs.logits.shape;
  const objective = within(["objective"], () => objectiveOf(choice, classes));
  checkActivation(network.description, objective);
  checkTargets(objective, images, classes, ["images"]);
  const program = evaluationOf(inference, objective, size);
  const rest = objective.ignoresFilling ? 0 : images.count % size;
  const last = rest === 0
    ? program
    : { ...evaluationOf(programOf(network, rest), objective, rest), name: `${program.name}.last` };
  using loader = new BatchLoader(images, { batchSize: size });
  const executable = await backend.compile([...new Set([program, last])]);
  try {
    let begun = 0;
    const inputs = ["pixels", ...objective.targets.map(({ name }) => name)];
    const evaluation = new Evaluation(
      objective,
      backend,
      async (batch) => {
        const isLast = batch.count === rest;
        const { arrays, count } = isLast ? withoutFilling(batch, size) : batch;
        const given = Object.fromEntries(inputs.map((name) => [name, arrays[name]]));
        const first = begun;
        begun += count;
        const result = resultOf(await executable.run((isLast ? last : program).name, given), count);
        await requireFiniteLogits(
          result.logits!.subarray(0, count * classes),
          (batchSize) => programOf(network, batchSize),
          backend,
          (row) => pictureOf(images, first + row),
        );
        return result;
      },
      tally ? [tally] : [],
    );
    for await (const count of evaluation.over(loader.epoch(0))) onProgress?.(count);
    return evaluation.metrics();
  } finally {
    executable.dispose();
  }
}

/** An image of a source, read anew: a batch may be overwritten by the time its logits are there. */
async function pictureOf(images: ImageSource, index: number): Promise<NamedPicture> {
  const pixels = new Uint8Array(imageSize(images.shape));
  await images.read(index, 0, pixels);
  return { name: `image ${index}`, pixels };
}

/** Throws InputError where a network's logits are not what the objective takes them for. */
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

/** An inference program that also computes what an objective makes of its logits. */
function evaluationOf(program: Program, objective: Objective, batchSize: number): Program {
  const { logits } = program.outputs;
  return extendProgram(program, () => {
    traceEvaluation(objective, logits, traceTargets(objective.targets, batchSize));
    output("logits", logits);
  });
}
