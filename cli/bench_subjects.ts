/** What `overfold bench` times: a training step, or a folded network on one batch. */

import type { Backend, KernelTiming } from "../backends/backend.ts";
import {
  emptyTargets,
  type ImageShape,
  imageSize,
  type TargetColumn,
} from "../datasets/image_source.ts";
import { BatchLoader } from "../datasets/loader.ts";
import { MemorySource } from "../datasets/sources/memory.ts";
import { RandomStream, STREAM } from "../graph/random.ts";
import type { Module } from "../layers/module.ts";
import { foldModel } from "../networks/fold.ts";
import { type NetworkDescription, networkProgram } from "../networks/network.ts";
import { multiplyAccumulates } from "../ops/multiply_accumulates.ts";
import { sum } from "../reporting/statistics.ts";
import type { StepBatch } from "../training/evaluation.ts";
import type { TrainingChanges } from "../training/image_input.ts";
import type { ResolvedRecipe } from "../training/recipe.ts";
import { TrainingSession } from "../training/session.ts";
import { planSession, type SessionOptions } from "../training/session_plan.ts";

/** Work that is repeated on one batch of random images. */
export interface Subject extends Disposable {
  /** Description, before "of N images". */
  readonly description: string;
  readonly multiplyAccumulates: number;
  step(index: number): Promise<unknown>;
  profile(runs: number): Promise<KernelTiming[]>;
}

/** A training step. */
export interface TrainingSubject extends Subject {
  /** Computes one of its shards; the last one is followed by the update. */
  shard(step: number, shard: number): Promise<unknown>;
}

/** A training step; `batchSize` in the options is the size of a shard. */
export async function trainingOf(
  backend: Backend,
  options: SessionOptions,
  shape: ImageShape,
  changes: TrainingChanges,
): Promise<TrainingSubject> {
  // As in most of the training, after all frozen parameters are released.
  const recipe = { ...options.recipe, beginning: undefined };
  const session = await TrainingSession.create(
    backend,
    planSession(backend, { ...options, recipe }),
  );
  const batch = await randomBatch(options, shape, changes);
  const { shards: parts = 1 } = options;
  const shard = (step: number, part: number) => {
    const place = { step, part, parts, endsStep: part === parts - 1 };
    // Learning rate 0: the weights do not drift, so all steps cost the same.
    return session.train(batch, place, { learningRate: 0 });
  };
  return {
    description: "training",
    multiplyAccumulates: parts * session.multiplyAccumulates,
    step: (step) => Promise.all(Array.from({ length: parts }, (_, part) => shard(step, part))),
    shard,
    profile: (runs) => session.profile(runs),
    [Symbol.dispose]: () => session.dispose(),
  };
}

/** Inference with the folded network, batch norms included. */
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
    multiplyAccumulates: sum(program.nodes.map(multiplyAccumulates)),
    step: () => executable.run(program.name, { pixels }),
    profile: (runs) => executable.profile(program.name, runs),
    [Symbol.dispose]: () => executable.dispose(),
  };
}

/** A batch of random images with random augmentations, as in training. */
async function randomBatch(
  { batchSize, recipe }: SessionOptions,
  shape: ImageShape,
  { augmentation = [], mixing }: TrainingChanges,
): Promise<StepBatch> {
  const random = new RandomStream({ seed: 0, stream: STREAM.synthetic });
  const length = batchSize * imageSize(shape);
  const images = new Uint8Array(new SharedArrayBuffer(length));
  images.set(randomPixels(random, length));
  const source = new MemorySource({
    images,
    shape,
    targets: randomTargets(random, recipe, batchSize),
  });
  const loader = new BatchLoader(source, {
    batchSize,
    augmentation,
    workers: 0,
    ...(mixing ? { mixing: { options: mixing, classes: recipe.classes } } : {}),
  });
  const { value: batch } = await loader.epoch(0).next();
  return batch!;
}

/** Random targets: a number is a class; several, each 0 or 1, are classes absent or present. */
function randomTargets(
  random: RandomStream,
  { objective, classes }: ResolvedRecipe,
  count: number,
): Record<string, TargetColumn> {
  return Object.fromEntries(
    objective.targets.map((field) => {
      const values = field.shape.length === 0 ? classes : 2;
      const data = emptyTargets(field, count);
      data.forEach((_, i) => data[i] = random.integer(values));
      return [field.name, { ...field, data }];
    }),
  );
}

function randomPixels(random: RandomStream, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(256));
}
