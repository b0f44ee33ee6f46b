import { assert, assertEquals, assertThrows } from "@std/assert";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { InputError } from "../../errors.ts";
import { downloadState, uploadState } from "../support/state.ts";
import { buildModel } from "../../models/registry.ts";
import { type Recipe, resolveRecipe } from "../../training/recipe.ts";
import { stepProgram } from "../../training/step_program.ts";
import { scalarInputs, tensorInput } from "../support/training_programs.ts";

function network() {
  const model = buildModel("layers", {
    classes: 3,
    inputChannels: 1,
    inputSize: [4, 4],
    layers: [
      { convolution: { outChannels: 2, kernelSize: 3, bias: false } },
      "batch_norm2d",
      "flatten",
      { linear: { outFeatures: 4 } },
      { linear: { outFeatures: 3 } },
    ],
  });
  model.initialize(1);
  return model;
}

/** The change of every parameter in one step of plain SGD. */
async function stepOf(options: Partial<Recipe>): Promise<Map<string, Float32Array>> {
  const model = network();
  const before = model.stateDict();
  const recipe = resolveRecipe(
    model,
    { optimizer: { name: "sgd", learningRate: 0.1 }, ...options },
    { classes: 3 },
  );
  const program = stepProgram({ recipe, traceInput: tensorInput([1, 4, 4]), batchSize: 2 });
  const executable = await referenceBackend().compile([program]);
  uploadState(recipe.layout, executable);
  await executable.run("train", {
    x: Float32Array.from({ length: 32 }, (_, i) => Math.sin(i * i)),
    labels: Int32Array.of(0, 2),
    ...scalarInputs(recipe, 0, 0.1),
  });
  await downloadState(recipe.layout, executable);
  return new Map(
    [...model.namedParameters()].filter(([, { trainable }]) => trainable).map((
      [name, { data }],
    ) => [
      name,
      data.map((value, i) => value - (before.get(name)?.data[i] ?? 0)),
    ]),
  );
}

function groups(options: Partial<Recipe>) {
  const optimizer = {
    name: "sgd",
    learningRate: 0.1,
    weightDecay: 0.5,
    decayNormAndBias: false,
  } as const;
  return resolveRecipe(network(), { optimizer, ...options }, { classes: 3 }).groups;
}

Deno.test("by default there are two groups, with and without weight decay", () => {
  assertEquals(groups({}).map(({ weightDecay, rate }) => [weightDecay, rate]), [[0.5, 1], [0, 1]]);
});

Deno.test("the first matching name counts, and frozen parameters are in no group", () => {
  const found = groups({
    freeze: ["0", "*.bias"],
    learningRates: [{ names: "4.weight", factor: 10 }, { names: "4", factor: 3 }],
  });
  // 3.weight, then 4.weight, then 1.weight.
  assertEquals(found.map(({ weightDecay, rate }) => [weightDecay, rate]), [
    [0.5, 1],
    [0.5, 10],
    [0, 1],
  ]);
});

Deno.test("a name that fits no parameter and a fully frozen model are refused", () => {
  assertThrows(() => groups({ freeze: ["conv1"] }), InputError, '"conv1" fits no parameter');
  assertThrows(() => groups({ freeze: ["3.wei"] }), InputError, "3.weight");
  assertThrows(() => groups({ freeze: ["*"] }), InputError, "no parameter to train");
});

Deno.test("frozen parameters do not move, and others move by their own rates", async () => {
  const usual = await stepOf({});
  const changed = await stepOf({
    freeze: ["0", "1.weight"],
    learningRates: [{ names: "4", factor: 4 }],
  });
  for (const [name, change] of usual) {
    const factor = name.startsWith("0.") || name === "1.weight" ? 0 : name.startsWith("4.") ? 4 : 1;
    const found = changed.get(name) ?? [];
    assert(change.some((value) => value !== 0), name);
    change.forEach((value, i) =>
      assert(Math.abs(found[i] - factor * value) <= 1e-6, `${name}: ${found[i]}, ${value}`)
    );
  }
});
