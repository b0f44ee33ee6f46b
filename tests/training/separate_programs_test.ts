import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { TensorData } from "../../backends/backend.ts";
import { cpuBackend } from "../../backends/wasm/mod.ts";
import { Parameter } from "../../graph/parameter.ts";
import type { Value } from "../../graph/types.ts";
import { DROPOUT_STEP } from "../../layers/dropout.ts";
import { Module } from "../../layers/module.ts";
import { BUFFERS, PARAMETERS } from "../../layers/state.ts";
import { buildModel } from "../../models/registry.ts";
import { initialLossScale, LOSS_SCALE_VARIABLE } from "../../training/loss_scale.ts";
import { type Recipe, resolveRecipe } from "../../training/recipe.ts";
import { contributionProgram, stepProgram, updateProgram } from "../../training/step_program.ts";
import { averageOf } from "../../training/ema.ts";
import { CONTRIBUTION } from "../../training/variables.ts";
import { someNumbers } from "../support/run_module.ts";
import { uploadState } from "../support/state.ts";
import { TINY_MODEL } from "../support/tiny_training.ts";
import { readVariables, scalarInputs, tensorInput } from "../support/training_programs.ts";

/** A network with a buffer that no step updates. */
class WithOffset extends Module {
  readonly offset = new Parameter([2, 6, 6], { role: "buffer" });
  readonly network = buildModel("layers", TINY_MODEL);

  forward(x: Value): Value {
    return this.network.call(x);
  }
}

const MOMENTUM = { name: "sgd", learningRate: 0.1, momentum: 0.9 } as const;
const ADAM = { name: "adam", learningRate: 0.01, amsgrad: true, weightDecay: 0.01 } as const;
const RECIPES: Readonly<Record<string, Recipe>> = {
  "SGD with momentum": { optimizer: { ...MOMENTUM, nesterov: true, weightDecay: 0.01 } },
  "Adam": { optimizer: ADAM },
  "RMSprop, some weights frozen, others faster": {
    optimizer: { name: "rmsprop", momentum: 0.5, centered: true },
    freeze: ["*.bias"],
    learningRates: [{ names: "network.6", factor: 3 }],
  },
  "a clipped norm": { optimizer: MOMENTUM, clip: { norm: 0.1 } },
  "clipped values": { optimizer: ADAM, clip: { value: 0.01 } },
  "averages": { optimizer: MOMENTUM, ema: { decay: 0.9 } },
  "a scaled loss, and all the rest": {
    optimizer: ADAM,
    lossScale: { growthInterval: 2 },
    clip: { norm: 1 },
    ema: {},
    objective: { name: "classification", labelSmoothing: 0.1 },
  },
};
const STEPS = 4;
/** A power of two: what it counts is multiplied and divided without rounding. */
const BATCH = { traceInput: tensorInput([2, 6, 6]), batchSize: 8 };

/** All variables and outputs of a training, in one program per step or in two. */
async function trained(options: Recipe, separate: boolean, threads: number) {
  const model = new WithOffset();
  model.initialize(1);
  model.offset.data.set(someNumbers(model.offset.shape));
  const recipe = resolveRecipe(model, options, { classes: 3 });
  const contribution = contributionProgram({ recipe, ...BATCH });
  const programs = separate
    ? [contribution, updateProgram({ recipe }, contribution)]
    : [stepProgram({ recipe, ...BATCH })];
  const executable = await cpuBackend({ threads }).compile(programs);
  uploadState(recipe.layout, executable);
  for (const { parameter, variable, offset } of recipe.layout.ranges) {
    if (recipe.ema) executable.write(averageOf(variable), parameter.data, offset);
  }
  if (recipe.lossScale) {
    executable.write(LOSS_SCALE_VARIABLE.name, initialLossScale(recipe.lossScale));
  }
  const told: Record<string, Float32Array>[] = [];
  for (let step = 0; step < STEPS; step++) {
    const batch: Record<string, TensorData> = {
      x: someNumbers([8, 2, 6, 6]).map((value) => value * (step + 1)),
      labels: Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1),
      [DROPOUT_STEP]: Int32Array.of(step),
    };
    const scalars = scalarInputs(recipe, step, 0.05);
    if (separate) {
      told.push(await executable.run("contribution", batch));
      await executable.run("update", scalars);
    } else told.push(await executable.run("train", { ...batch, ...scalars }));
  }
  const variables = await readVariables(recipe, executable);
  executable.dispose();
  return { variables, told };
}

for (const [name, recipe] of Object.entries(RECIPES)) {
  Deno.test(`contribution and update give the bits of a step in one program: ${name}`, async () => {
    for (const threads of [1, 2]) {
      const [found, expected] = [
        await trained(recipe, true, threads),
        await trained(recipe, false, threads),
      ];
      assertEquals(found.told, expected.told);
      for (const [variable, values] of expected.variables) {
        const own = found.variables.get(variable)!;
        // Statistics are moved by a difference, which is rounded.
        if (![BUFFERS, averageOf(BUFFERS)].includes(variable)) assertEquals(own, values, variable);
        else {values.forEach((value, i) =>
            assertAlmostEquals(own[i], value, 1e-6 * Math.max(1, value), variable)
          );}
      }
    }
  });
}

Deno.test("a contribution changes no other variable and is zero for frozen parameters", async () => {
  const model = new WithOffset();
  model.initialize(1);
  const options: Recipe = { optimizer: MOMENTUM, ema: {}, freeze: ["network.0"] };
  const recipe = resolveRecipe(model, options, { classes: 3 });
  const executable = await cpuBackend({ threads: 1 })
    .compile([contributionProgram({ recipe, ...BATCH })]);
  uploadState(recipe.layout, executable);
  const before = await readVariables(recipe, executable);
  await executable.run("contribution", {
    x: someNumbers([8, 2, 6, 6]),
    labels: Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1),
    [DROPOUT_STEP]: Int32Array.of(0),
  });
  assertEquals(await readVariables(recipe, executable), before);
  const gradient = await executable.read(CONTRIBUTION);
  for (const { name, variable, offset, size } of recipe.layout.ranges) {
    if (variable !== PARAMETERS) continue;
    const moves = gradient.subarray(offset, offset + size).some((value) => value !== 0);
    assert(moves === !name.startsWith("network.0"), name);
  }
  executable.dispose();
});
