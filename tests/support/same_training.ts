/** Trainings that leave the same weights up to rounding. */
import { assertAlmostEquals } from "@std/assert";
import type { Backend } from "../../backends/backend.ts";
import { referenceBackend } from "../../backends/reference/reference.ts";
import type { Module } from "../../layers/module.ts";
import { buildModel } from "../../models/registry.ts";
import { train, type TrainOptions } from "../../training/train.ts";
import { TINY_BODY, TINY_MODEL, tinyTraining } from "./tiny_training.ts";

/** The tiny model without batch norm and dropout: no image's loss depends on other images. */
export function independentModel(): Module {
  const layers = TINY_BODY.filter((layer) => layer !== "batch_norm2d");
  const model = buildModel("layers", {
    ...TINY_MODEL,
    layers: [...layers, { linear: { outFeatures: 3 } }],
  });
  model.initialize(1);
  return model;
}

/** Asserts that two models' states differ by at most a tolerance. */
export function assertSameWeights(actual: Module, expected: Module, tolerance: number): void {
  const found = actual.stateDict();
  for (const [name, { data }] of expected.stateDict()) {
    const { data: own } = found.get(name)!;
    data.forEach((value, i) => assertAlmostEquals(own[i], value, tolerance, name));
  }
}

/** Asserts that a tiny training on a backend gives the weights that it gives on the reference. */
export async function assertTrainsAsReference(
  options: Partial<TrainOptions>,
  backend: Backend,
): Promise<void> {
  const [expected, actual] = await Promise.all(
    [referenceBackend(), backend].map((backend) =>
      tinyTraining({ ...options, workers: 0 }, backend)
    ),
  );
  await train(expected);
  await train(actual);
  assertSameWeights(actual.model, expected.model, 1e-4);
}
