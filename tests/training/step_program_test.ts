import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { referenceBackend } from "../../backends/reference/reference.ts";
import type { TensorData } from "../../backends/backend.ts";
import { InputError } from "../../errors.ts";
import { input, trace } from "../../graph/trace.ts";
import type { Program } from "../../graph/types.ts";
import { ReLU } from "../../layers/activations.ts";
import { BatchNorm2d } from "../../layers/batch_norm2d.ts";
import { Flatten } from "../../layers/flatten.ts";
import { Linear } from "../../layers/linear.ts";
import type { Module } from "../../layers/module.ts";
import { Sequential } from "../../layers/sequential.ts";
import { layoutState, type StateLayout, unpackState } from "../../layers/state.ts";
import {
  evaluationProgram,
  type Feed,
  type Recipe,
  stepScalars,
  trainingProgram,
  trainingVariables,
} from "../../training/step_program.ts";
import { traceUpdate } from "../../training/update.ts";
import { uploadState } from "../support/state.ts";

const FEED = { kind: "tensors", shape: [2, 1, 2] } as const;
const X = Float32Array.of(1, -2, 0.5, 3, -1, 0.25, 2, 1);
const LABELS = Int32Array.of(0, 2);
const RATE = 0.1;

function network(): Module {
  const model = new Sequential(
    new BatchNorm2d(2),
    new Flatten(),
    new Linear(4, 3),
  );
  model.initialize(5);
  return model;
}

/** Takes steps on one batch of two and gives the variables after them. */
async function variablesAfter(recipe: Recipe, steps: number, inputs: Record<string, TensorData>) {
  const model = network();
  const layout = layoutState(model);
  const feed: Feed = inputs.targets ? { ...FEED, softTargets: true } : FEED;
  const program = trainingProgram(model, layout, recipe, feed, 2, { keepGradient: true });
  const executable = await referenceBackend().compile([program]);
  uploadState(layout, executable);
  let outputs: Record<string, Float32Array> = {};
  for (let step = 0; step < steps; step++) {
    outputs = await executable.run("train", { x: X, ...inputs, ...scalarsOf(recipe, step) });
  }
  const variables = new Map<string, Float32Array>();
  for (const { name } of trainingVariables(layout, recipe)) {
    variables.set(name, await executable.read(name));
  }
  return { layout, variables, outputs };
}

function scalarsOf(recipe: Recipe, step: number): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(stepScalars(recipe, step, { learningRate: RATE })).map(
      ([name, value]) => [name, Float32Array.of(value)],
    ),
  );
}

Deno.test("one program takes the whole step and reports loss and right answers", async () => {
  const recipe: Recipe = { optimizer: { name: "sgd", learningRate: 0.1 } };
  const first = await variablesAfter(recipe, 1, { labels: LABELS });
  const later = await variablesAfter(recipe, 50, { labels: LABELS });
  assertEquals(later.outputs.loss[0] < first.outputs.loss[0] / 4, true);
  assertEquals(later.outputs.correct[0], 2);
});

Deno.test("soft targets that name one class train as labels do", async () => {
  const recipe: Recipe = { optimizer: { name: "sgd", learningRate: 0.1 }, labelSmoothing: 0.1 };
  const labels = await variablesAfter(recipe, 3, { labels: LABELS });
  const targets = await variablesAfter(recipe, 3, { targets: Float32Array.of(1, 0, 0, 0, 0, 1) });
  assertEquals(targets.variables, labels.variables);
  assertEquals("correct" in targets.outputs, false);
});

Deno.test("clipping by norm scales the whole gradient, by value each entry", async () => {
  const run = async (clip?: Recipe["clip"]) => {
    const recipe: Recipe = { optimizer: { name: "sgd", learningRate: 1 }, clip };
    const { variables, layout } = await variablesAfter(recipe, 1, { labels: LABELS });
    const initial = network().stateDict();
    const moved = unpackState(layout, "parameters", variables.get("parameters")!);
    const steps = [...moved].flatMap(([name, { data }]) =>
      [...data].map((value, i) => (initial.get(name)!.data[i] - value) / RATE)
    );
    return { steps, largest: Math.max(...steps.map(Math.abs)), norm: Math.hypot(...steps) };
  };
  const plain = await run();
  const byNorm = await run({ norm: plain.norm / 2 });
  plain.steps.forEach((step, i) => assertAlmostEquals(byNorm.steps[i], step / 2, 1e-5));
  const byValue = await run({ value: plain.largest / 2 });
  assertAlmostEquals(byValue.largest, plain.largest / 2, 1e-5);
  assertEquals((await run({ norm: 1e9 })).norm, plain.norm);
  const byLargest = await run({ norm: plain.largest / 4, normType: "inf" });
  assertAlmostEquals(byLargest.largest, plain.largest / 4, 1e-5);
});

/** An update by a gradient that is given, input `gradient`. */
function updateProgram(layout: StateLayout, recipe: Recipe): Program {
  const [{ size }] = layout.variables;
  return trace(
    { name: "update", variables: trainingVariables(layout, recipe), bind: layout.bind },
    () => traceUpdate(layout, recipe, input("gradient", [size])),
  );
}

Deno.test("weight decay can spare batch norms and biases", async () => {
  const moved = async (decayNormAndBias: boolean) => {
    const recipe: Recipe = {
      optimizer: { name: "sgd", learningRate: 1, weightDecay: 1, decayNormAndBias },
    };
    const layout = layoutState(network());
    const executable = await referenceBackend().compile([updateProgram(layout, recipe)]);
    const size = layout.variables[0].size;
    executable.write("parameters", new Float32Array(size).fill(1));
    await executable.run("update", { gradient: new Float32Array(size), ...scalarsOf(recipe, 0) });
    const state = unpackState(layout, "parameters", await executable.read("parameters"));
    return Object.fromEntries([...state].map(([name, { data }]) => [name, data[0] < 1]));
  };
  assertEquals(await moved(true), {
    "2.weight": true,
    "0.weight": true,
    "0.bias": true,
    "2.bias": true,
  });
  assertEquals(await moved(false), {
    "2.weight": true,
    "0.weight": false,
    "0.bias": false,
    "2.bias": false,
  });
});

Deno.test("averages follow parameters and running statistics alike; counters are copied", async () => {
  const recipe: Recipe = {
    optimizer: { name: "sgd", learningRate: 0.1 },
    ema: { decay: 0.5, warmup: false },
  };
  const { variables, layout } = await variablesAfter(recipe, 1, { labels: LABELS });
  for (const variable of ["parameters", "buffers"] as const) {
    const trained = unpackState(layout, variable, variables.get(variable)!);
    const averaged = unpackState(layout, variable, variables.get(`ema.${variable}`)!);
    for (const [name, { data, shape }] of averaged) {
      // The averages start as zeros here, so that one step gives half of the trained value.
      const share = shape.length === 0 ? 1 : 0.5;
      data.forEach((value, i) =>
        assertAlmostEquals(value, share * trained.get(name)!.data[i], 1e-6)
      );
    }
  }
});

Deno.test("the average's decay warms up as (1 + t) / (10 + t)", () => {
  const recipe: Recipe = { optimizer: { name: "sgd", learningRate: 1 }, ema: { decay: 0.9 } };
  const decay = (step: number) => stepScalars(recipe, step, { learningRate: 1 }).averageDecay;
  assertEquals([decay(0), decay(1), decay(1000)], [2 / 11, 3 / 12, 0.9]);
});

Deno.test("evaluation sums over labelled images and leaves negative labels out", async () => {
  const model = network();
  const layout = layoutState(model);
  const program = evaluationProgram(model, layout, FEED, 2, false);
  const executable = await referenceBackend().compile([program]);
  uploadState(layout, executable);
  const run = (...labels: number[]) =>
    executable.run("evaluate", { x: X, labels: Int32Array.from(labels) });
  const [both, first, second] = [await run(0, 2), await run(0, -1), await run(-1, 2)];
  assertAlmostEquals(both.loss[0], first.loss[0] + second.loss[0], 1e-6);
  assertEquals(both.correct[0], first.correct[0] + second.correct[0]);
  assertEquals((await run(-1, -1)).loss[0], 0);
});

Deno.test("a model without parameters cannot be trained", () => {
  const model = new Sequential(new ReLU());
  const recipe: Recipe = { optimizer: { name: "adam" } };
  assertThrows(
    () => trainingProgram(model, layoutState(model), recipe, { kind: "tensors", shape: [3] }, 2),
    InputError,
    "no parameters",
  );
});
