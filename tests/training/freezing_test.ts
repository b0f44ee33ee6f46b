import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { InputError } from "../../errors.ts";
import { input, trace } from "../../graph/trace.ts";
import type { Program } from "../../graph/types.ts";
import { buildModel } from "../../models/registry.ts";
import { multiplyAccumulates } from "../../ops/multiply_accumulates.ts";
import { sum } from "../../reporting/statistics.ts";
import { frozenBatchNorms } from "../../training/freezing.ts";
import { phasesOf } from "../../training/phases.ts";
import { type Recipe, type ResolvedRecipe, resolveRecipe } from "../../training/recipe.ts";
import { evaluationProgram, stepProgram, stepScalars } from "../../training/step_program.ts";
import { train } from "../../training/train.ts";
import { traceUpdate } from "../../training/update.ts";
import { trainingVariables } from "../../training/variables.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { assertResumesExactly } from "../support/resumes.ts";
import { someNumbers } from "../support/run_module.ts";
import { uploadState } from "../support/state.ts";
import { TINY_MODEL, tinyTraining } from "../support/tiny_training.ts";
import { scalarInputs, tensorInput } from "../support/training_programs.ts";

const SGD = { name: "sgd", learningRate: 0.1, momentum: 0.9 } as const;

/** Convolution, batch norm and `fc`, with numbers in place of the initial ones. */
function network() {
  const model = buildModel("layers", {
    classes: 3,
    inputChannels: 2,
    inputSize: 6,
    layers: [
      { convolution: { outChannels: 4, kernelSize: 3 } },
      "batch_norm2d",
      "relu",
      "global_avg_pool2d",
      "flatten",
      { linear: { outFeatures: 3 } },
    ],
  });
  model.initialize(1);
  model.namedParameters().get("1.running_mean")!.data.fill(0.1);
  model.namedParameters().get("1.running_var")!.data.fill(0.5);
  return model;
}

function resolve(options: Partial<Recipe>): ResolvedRecipe {
  return resolveRecipe(network(), { optimizer: SGD, ...options }, { classes: 3 });
}

const frozenNames = ({ frozen }: Pick<ResolvedRecipe, "frozen">) =>
  [...frozen].map(({ name }) => name);

Deno.test("the backbone is all but the last fully connected layer, batch-norm statistics included", () => {
  const all = [...network().namedParameters().keys()].filter((name) => !name.startsWith("5."));
  assertEquals(frozenNames(resolve({ freeze: "backbone" })).toSorted(), all.toSorted());
  const trained = resolve({ freeze: { batchNorm: "train" } });
  assertEquals(frozenNames(trained), ["0.weight", "0.bias", "1.weight", "1.bias"]);
  assertEquals(frozenNames(resolve({ freeze: ["1.bias"] })), ["1.bias"]);
  const model = buildModel("layers", {
    ...TINY_MODEL,
    layers: [{ convolution: { outChannels: 3, kernelSize: 6 } }, "flatten"],
  });
  const recipe: Recipe = { optimizer: SGD, freeze: "backbone" };
  assertThrows(
    () => resolveRecipe(model, recipe, { classes: 3 }),
    InputError,
    "name what is to be",
  );
});

Deno.test("the name of a statistic, or of a batch norm without parameters, freezes all its statistics", () => {
  const statistics = ["1.running_mean", "1.running_var", "1.num_batches_tracked"];
  for (const name of ["1.running_mean", "*.running_var"]) {
    assertEquals(frozenNames(resolve({ freeze: [name] })).toSorted(), statistics.toSorted());
  }
  const model = buildModel("cifar_resnet20_v2", { classes: 3, width: 4 });
  const resolved = resolveRecipe(model, { optimizer: SGD, freeze: ["bn_in"] }, { classes: 3 });
  assertEquals(frozenNames(resolved), statistics.map((name) => name.replace("1", "bn_in")));
  assertThrows(
    () => resolve({ freeze: { names: ["1.running_mean"], batchNorm: "train" } }),
    InputError,
    "fits no parameter",
  );
});

Deno.test("frozen batch norms are counted by whether their statistics still move", () => {
  const counts = (freeze: Recipe["freeze"]) => {
    const { model, frozen } = resolve({ freeze });
    return frozenBatchNorms(model, frozen);
  };
  assertEquals(counts(["1"]), { staying: 1, moving: 0 });
  assertEquals(counts({ names: ["1"], batchNorm: "train" }), { staying: 0, moving: 1 });
  assertEquals(counts(["1.weight", "1.bias"]), { staying: 0, moving: 1 });
  assertEquals(counts(["0", "1.bias"]), { staying: 0, moving: 0 });
});

Deno.test("a wrong name is reported with its place", () => {
  const wrong = (freeze: Recipe["freeze"]) =>
    assertThrows(() => resolve({ freeze }), InputError, "").at;
  assertEquals(wrong({ names: ["0", "conv1"] }), ["freeze", "names", 1]);
  assertEquals(wrong({ names: ["*"], epochs: 1 }), ["freeze", "names"]);
  assertEquals(wrong("conv1"), ["freeze"]);
  assertEquals(wrong({ names: "conv1" }), ["freeze", "names"]);
});

Deno.test("a single name needs no list, and names that fit nothing are reported with suggestions", () => {
  assertEquals(frozenNames(resolve({ freeze: "1.bias" })), ["1.bias"]);
  assertEquals(frozenNames(resolve({ freeze: { names: "1.bias" } })), ["1.bias"]);
  const { message, at } = assertThrows(
    () => resolve({ freeze: ["0", "1.wieght", "layer9"] }),
    InputError,
  );
  assertEquals(at, ["freeze"]);
  assertEquals(
    message,
    'the names "1.wieght" (did you mean "1.weight"?), "layer9" fit no parameter of the model; the ' +
      "parts of it are 0, 5, 1",
  );
});

const BATCH = { traceInput: tensorInput([2, 6, 6]), batchSize: 4 };
const DATA = { x: someNumbers([4, 2, 6, 6]), labels: Int32Array.of(0, 1, 2, 1) };

/** The loss of a training step, or of an evaluation of its batch, and the buffers after it. */
async function outcome(recipe: ResolvedRecipe, program: Program) {
  const executable = await referenceBackend().compile([program]);
  uploadState(recipe.layout, executable);
  const scalars = program.name === "evaluate" ? {} : scalarInputs(recipe, 0, 0.1);
  const { loss } = await executable.run(program.name, { ...DATA, ...scalars });
  return { loss: loss[0], buffers: await executable.read("buffers") };
}

Deno.test("a frozen batch norm normalizes by its running statistics and keeps them, unless set to train", async () => {
  const before = 4 * 0.1 + 4 * 0.5;
  for (const batchNorm of ["eval", "train"] as const) {
    const recipe = resolve({ freeze: { batchNorm } });
    const { loss, buffers } = await outcome(recipe, stepProgram({ recipe, ...BATCH }));
    const measured = await outcome(recipe, evaluationProgram({ recipe, ...BATCH }));
    const isSame = Math.abs(loss - measured.loss / 4) < 1e-6;
    assertEquals(isSame, batchNorm === "eval");
    assertEquals(Math.abs(sum([...buffers]) - before) < 1e-6, batchNorm === "eval");
  }
});

Deno.test("gradients of frozen parameters are not computed", () => {
  const macs = (recipe: ResolvedRecipe) =>
    sum(stepProgram({ recipe, ...BATCH }).nodes.map(multiplyAccumulates));
  const [frozen, all] = phasesOf(resolve({ freeze: { epochs: 1 } })).map(({ recipe }) =>
    macs(recipe)
  );
  // The input needs none: forward and the kernel's gradient, or forward alone.
  assert(frozen < 0.55 * all, `${frozen} of ${all}`);
});

Deno.test("only the remaining phases of training have programs", () => {
  const suffixes = (recipe: Partial<Recipe>, from: number, to: number) =>
    phasesOf(resolve(recipe), { from, to }).map(({ suffix, from, to }) => [suffix, from, to]);
  const [held, rest] = [[".frozen", 0, 2], ["", 2, Infinity]];
  assertEquals(suffixes({ freeze: { epochs: 2 } }, 0, 3), [held, rest]);
  assertEquals(suffixes({ freeze: { epochs: 2 } }, 1, 2), [held]);
  assertEquals(suffixes({ freeze: { epochs: 2 } }, 2, 3), [rest]);
  assertEquals(suffixes({ freeze: "backbone" }, 0, 3), [["", 0, Infinity]]);
});

/** Parameters that start as 1, after steps of an optimizer with gradients of `step + 1`. */
async function updated(recipe: ResolvedRecipe, steps: readonly number[], releasedAt: number) {
  const { layout: { bind }, parameterSize } = recipe;
  const program = trace(
    { name: "update", variables: trainingVariables(recipe), bind },
    () => traceUpdate(recipe, input("gradient", [parameterSize])),
  );
  const executable = await referenceBackend().compile([program]);
  executable.write("parameters", new Float32Array(parameterSize).fill(1));
  for (const step of steps) {
    const scalars = stepScalars(recipe, step, { learningRate: 0.1 }, releasedAt);
    const gradient = new Float32Array(parameterSize).fill(step + 1);
    const given = Object.entries(scalars).map(([name, value]) => [name, Float32Array.of(value)]);
    await executable.run("update", { gradient, ...Object.fromEntries(given) });
  }
  return await executable.read("parameters");
}

for (
  const optimizer of [
    { ...SGD, dampening: 0.5 },
    { name: "adam", learningRate: 0.1, amsgrad: true },
  ] as const
) {
  Deno.test(`${optimizer.name} counts a parameter's steps from its release`, async () => {
    const recipe = resolve({ optimizer, freeze: { names: ["0.weight"], epochs: 1 } });
    const [{ recipe: first }, { recipe: second }] = phasesOf(recipe);
    const { offset, size } = recipe.trained.find(({ name }) => name === "0.weight")!;
    const held = await updated(first, [0, 1, 2], 3);
    held.forEach((value, i) => assertEquals(value === 1, i >= offset && i < offset + size));
    const plain = resolve({ optimizer });
    const late = await updated(second, [3, 4], 3);
    const reference = await fromTheStart(plain, [3, 4]);
    const continued = await updated(plain, [3, 4], 0);
    late.forEach((value, i) => {
      const isReleased = i >= offset && i < offset + size;
      assertAlmostEquals(value, (isReleased ? reference : continued)[i], 1e-7);
    });
    assert(Math.abs(reference[0] - continued[0]) > 1e-3);
  });
}

/** As {@link updated}, with the optimizer's count of steps from 0. */
async function fromTheStart(recipe: ResolvedRecipe, steps: readonly number[]) {
  const { optimizer } = recipe;
  const shifted: ResolvedRecipe = {
    ...recipe,
    optimizer: {
      ...optimizer,
      scalarsAt: (step, rates) => optimizer.scalarsAt(step - steps[0], rates),
    },
  };
  return await updated(shifted, steps, 0);
}

Deno.test("training resumes exactly across the release, and frozen weights move only after it", async () => {
  const positions = await assertResumesExactly({ freeze: { names: ["0", "1"], epochs: 1 } });
  const after = (epoch: number) => {
    const found = positions.find(({ state }) => state.epoch === epoch && state.batch === 0);
    return found!.tensors.model;
  };
  for (const name of ["0.W", "0.D", "1.weight", "1.running_mean"]) {
    assertEquals(after(1).get(name), after(0).get(name));
    assertNotEquals(after(2).get(name), after(1).get(name));
  }
  assertNotEquals(after(1).get("6.weight"), after(0).get("6.weight"));
});

Deno.test("parameters frozen for longer than the training are never released", async () => {
  const store = new MemoryStore();
  const options = await tinyTraining({ freeze: { names: ["0"], epochs: 5 }, store });
  const before = options.model.stateDict().get("0.W");
  await train(options);
  assertEquals(store.last?.tensors.model.get("0.W")?.data, before?.data);
});
