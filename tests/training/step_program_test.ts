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
import { unpackState } from "../../layers/state.ts";
import { softmaxCrossEntropy } from "../../ops/softmax_cross_entropy.ts";
import { objectiveOf } from "../../training/objectives/registry.ts";
import type { Objective } from "../../training/objectives/objective.ts";
import { type Recipe, type ResolvedRecipe, resolveRecipe } from "../../training/recipe.ts";
import { evaluationProgram, stepProgram, stepScalars } from "../../training/step_program.ts";
import { traceUpdate } from "../../training/update.ts";
import { trainingVariables } from "../../training/variables.ts";
import { uploadState } from "../support/state.ts";
import { readVariables, scalarInputs, tensorInput } from "../support/training_programs.ts";

const X = Float32Array.of(1, -2, 0.5, 3, -1, 0.25, 2, 1);
const LABELS = Int32Array.of(0, 2);
const RATE = 0.1;
const BATCH = { traceInput: tensorInput([2, 1, 2]), batchSize: 2 };

function network(): Module {
  const model = new Sequential(
    new BatchNorm2d(2),
    new Flatten(),
    new Linear(4, 3),
  );
  model.initialize(5);
  return model;
}

function resolve(recipe: Recipe): ResolvedRecipe {
  return resolveRecipe(network(), recipe, { classes: 3 });
}

/** Takes steps on one batch of two and gives the variables after them. */
async function variablesAfter(
  recipe: ResolvedRecipe,
  steps: number,
  targets: Record<string, TensorData> = { labels: LABELS },
) {
  const executable = await referenceBackend().compile([stepProgram({ recipe, ...BATCH })]);
  uploadState(recipe.layout, executable);
  let outputs: Record<string, Float32Array> = {};
  for (let step = 0; step < steps; step++) {
    const inputs = { x: X, ...targets, ...scalarInputs(recipe, step, RATE) };
    outputs = await executable.run("train", inputs);
  }
  return { variables: await readVariables(recipe, executable), outputs };
}

Deno.test("one program takes a whole step and outputs loss and correct predictions", async () => {
  const recipe = resolve({ optimizer: { name: "sgd", learningRate: 0.1 } });
  const first = await variablesAfter(recipe, 1);
  const later = await variablesAfter(recipe, 50);
  assertEquals(later.outputs.loss[0] < first.outputs.loss[0] / 4, true);
  assertEquals(later.outputs.correct[0], 2);
});

Deno.test("an objective declares its targets: one-hot soft targets train as labels do", async () => {
  const labelSmoothing = 0.1;
  const soft: Objective = {
    ...objectiveOf("classification", 3),
    targets: [{ name: "targets", dtype: "f32", shape: [3], filling: 0 }],
    loss: (logits, { targets }) => softmaxCrossEntropy(logits, targets, { labelSmoothing }),
    sums: () => ({}),
  };
  const recipe = resolve({
    optimizer: { name: "sgd", learningRate: 0.1 },
    objective: { name: "classification", labelSmoothing },
  });
  const labels = await variablesAfter(recipe, 3);
  const targets = { targets: Float32Array.of(1, 0, 0, 0, 0, 1) };
  const softened = await variablesAfter({ ...recipe, objective: soft }, 3, targets);
  assertEquals(softened.variables, labels.variables);
  assertEquals(Object.keys(softened.outputs), ["loss"]);
});

Deno.test("clipping by norm scales the whole gradient, clipping by value clamps each entry", async () => {
  const run = async (clip?: Recipe["clip"]) => {
    const recipe = resolve({ optimizer: { name: "sgd", learningRate: 1 }, clip });
    const { variables } = await variablesAfter(recipe, 1);
    const initial = network().stateDict();
    const moved = unpackState(recipe.layout, "parameters", variables.get("parameters")!);
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

/** An update by the gradient given as input `gradient`. */
function updateByInput(recipe: ResolvedRecipe): Program {
  const { layout: { bind }, parameterSize } = recipe;
  return trace(
    { name: "update", variables: trainingVariables(recipe), bind },
    () => traceUpdate(recipe, input("gradient", [parameterSize])),
  );
}

Deno.test("weight decay can skip batch norms and biases", async () => {
  const moved = async (decayNormAndBias: boolean) => {
    const recipe = resolve({
      optimizer: { name: "sgd", learningRate: 1, weightDecay: 1, decayNormAndBias },
    });
    const executable = await referenceBackend().compile([updateByInput(recipe)]);
    const gradient = new Float32Array(recipe.parameterSize);
    executable.write("parameters", gradient.map(() => 1));
    await executable.run("update", { gradient, ...scalarInputs(recipe, 0, RATE) });
    const state = unpackState(recipe.layout, "parameters", await executable.read("parameters"));
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

Deno.test("averages cover parameters and running statistics; counters are copied", async () => {
  const recipe = resolve({
    optimizer: { name: "sgd", learningRate: 0.1 },
    ema: { decay: 0.5, warmup: false },
  });
  const { variables } = await variablesAfter(recipe, 1);
  for (const variable of ["parameters", "buffers"] as const) {
    const trained = unpackState(recipe.layout, variable, variables.get(variable)!);
    const averaged = unpackState(recipe.layout, variable, variables.get(`ema.${variable}`)!);
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
  const recipe = resolve({ optimizer: { name: "sgd", learningRate: 1 }, ema: { decay: 0.9 } });
  const decay = (step: number) => stepScalars(recipe, step, { learningRate: 1 }).averageDecay;
  assertEquals([decay(0), decay(1), decay(1000)], [2 / 11, 3 / 12, 0.9]);
});

Deno.test("evaluation sums over labelled images and skips negative labels", async () => {
  const recipe = resolve({ optimizer: { name: "sgd", learningRate: 1 } });
  const executable = await referenceBackend().compile([evaluationProgram({ recipe, ...BATCH })]);
  uploadState(recipe.layout, executable);
  const run = (...labels: number[]) =>
    executable.run("evaluate", { x: X, labels: Int32Array.from(labels) });
  const [both, first, second] = [await run(0, 2), await run(0, -1), await run(-1, 2)];
  assertAlmostEquals(both.loss[0], first.loss[0] + second.loss[0], 1e-6);
  assertEquals(both.correct[0], first.correct[0] + second.correct[0]);
  assertEquals((await run(-1, -1)).loss[0], 0);
});

Deno.test("a model without parameters cannot be trained", () => {
  assertThrows(
    () =>
      resolveRecipe(new Sequential(new ReLU()), { optimizer: { name: "adam" } }, { classes: 3 }),
    InputError,
    "no parameters",
  );
});
