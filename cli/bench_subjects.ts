/** What `overfold bench` times: a training step, or a folded network on one batch. */

import type { Backend, KernelTiming } from "../backends/backend.ts";
import { foldModel } from "../checkpoints/fold.ts";
import { type NetworkDescription, networkProgram } from "../checkpoints/network.ts";
import { emptyTargets, type ImageShape, imageSize } from "../datasets/image_source.ts";
import { RandomStream, STREAM } from "../graph/random.ts";
import type { Module } from "../layers/module.ts";
import { multiplyAccumulates } from "../ops/multiply_accumulates.ts";
import type { StepBatch } from "../training/evaluation.ts";
import type { ResolvedRecipe } from "../training/recipe.ts";
import { type SessionOptions, TrainingSession } from "../training/session.ts";

/** Something done to one batch of random images again and again. */
export interface Subject {
  /** What it is, before "of N images". */
  readonly description: string;
  /** Multiply-accumulates a step. */
  readonly multiplyAccumulates: number;
  /** Does it once. */
  step(index: number): Promise<unknown>;
  /** Times its kernels by themselves. */
  profile(runs: number): Promise<KernelTiming[]>;
  /** Frees memory and threads. */
  dispose(): void;
}

/** A training step. */
export async function trainingOf(
  backend: Backend,
  options: SessionOptions,
  imageShape: ImageShape,
): Promise<Subject> {
  // What most of the training does: nothing is frozen any more that is at first.
  const recipe = { ...options.recipe, beginning: undefined };
  const session = await TrainingSession.create(backend, { ...options, recipe });
  const { batchSize } = options;
  const random = new RandomStream({ seed: 0, stream: STREAM.synthetic });
  const batch = {
    arrays: {
      pixels: randomPixels(random, batchSize * imageSize(imageShape)),
      ...randomTargets(random, options.recipe, batchSize),
      transforms: new Int32Array(3 * batchSize),
    },
    count: batchSize,
  };
  return {
    description: "training",
    multiplyAccumulates: session.multiplyAccumulates,
    // No learning: the weights stay where every step costs the same.
    step: (index) => session.train(batch, { step: index }, { learningRate: 0 }),
    profile: (runs) => session.profile(runs),
    dispose: () => session.dispose(),
  };
}

/** Inference with the model folded, batch norms too. */
export async function inferenceOf(
  backend: Backend,
  model: Module,
  description: NetworkDescription,
  batchSize: number,
): Promise<Subject> {
  const network = foldModel(model, description, { batchNorm: true });
  const program = networkProgram(network, batchSize);
  const executable = await backend.compile([program]);
  const random = new RandomStream({ seed: 0, stream: STREAM.synthetic });
  const pixels = randomPixels(random, batchSize * imageSize(description.input));
  return {
    description: "inference",
    multiplyAccumulates: program.nodes.reduce((sum, node) => sum + multiplyAccumulates(node), 0),
    step: () => executable.run(program.name, { pixels }),
    profile: (runs) => executable.profile(program.name, runs),
    dispose: () => executable.dispose(),
  };
}

/** Targets that images could have: a number is a class, of several each is a class shown or not. */
function randomTargets(
  random: RandomStream,
  { objective, classes }: ResolvedRecipe,
  batchSize: number,
): StepBatch["arrays"] {
  return Object.fromEntries(
    objective.targets.map((field) => {
      const values = field.shape.length === 0 ? classes : 2;
      const data = emptyTargets(field, batchSize);
      return [field.name, data.map(() => random.integer(values))];
    }),
  );
}

function randomPixels(random: RandomStream, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(256));
}
