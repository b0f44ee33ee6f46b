import { assertEquals, assertRejects } from "@std/assert";
import { referenceBackend } from "../../backends/reference/reference.ts";
import type { Backend } from "../../backends/backend.ts";
import { openBackend } from "../../backends/registry.ts";
import { InputError, RunError } from "../../errors.ts";
import { BatchNorm2d } from "../../layers/batch_norm2d.ts";
import { Flatten } from "../../layers/flatten.ts";
import { Linear } from "../../layers/linear.ts";
import { Sequential } from "../../layers/sequential.ts";
import { updateLossScale } from "../../ops/update_loss_scale.ts";
import { whereFinite } from "../../ops/where_finite.ts";
import { initialLossScale, LOSS_SCALE_VARIABLE } from "../../training/loss_scale.ts";
import { resolveRecipe } from "../../training/recipe.ts";
import { stepProgram } from "../../training/step_program.ts";
import { train } from "../../training/train.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { compute } from "../support/run.ts";
import { assertResumesExactly } from "../support/resumes.ts";
import { tinyTraining } from "../support/tiny_training.ts";
import { uploadState } from "../support/state.ts";
import { readVariables, scalarInputs, tensorInput } from "../support/training_programs.ts";

const scalar = (value: number) => ({ shape: [], data: Float32Array.of(value) });

testOnEveryBackend("whereFinite chooses by whether the magnitude is finite", async (backend) => {
  const x = { shape: [3], data: Float32Array.of(1, NaN, 3) };
  const other = { shape: [3], data: Float32Array.of(4, 5, 6) };
  for (const [magnitude, finite] of [[2, true], [0, true], [Infinity, false], [NaN, false]]) {
    const inputs = { x, other, magnitude: scalar(Number(magnitude)) };
    const { chosen } = await compute(backend, inputs, ({ x, other, magnitude }) => ({
      chosen: whereFinite(x, other, magnitude),
    }));
    assertEquals([...chosen], finite ? [1, NaN, 3] : [4, 5, 6]);
  }
});

testOnEveryBackend(
  "a loss scale grows after enough steps and backs off at once",
  async (backend) => {
    const update = async (scale: number, steps: number, magnitude: number) => {
      const inputs = { scale: scalar(scale), steps: scalar(steps), magnitude: scalar(magnitude) };
      const updated = await compute(
        backend,
        inputs,
        ({ scale, steps, magnitude }) =>
          updateLossScale(scale, steps, magnitude, {
            growthFactor: 2,
            backoffFactor: 0.5,
            growthInterval: 3,
          }),
      );
      return [updated.scale[0], updated.steps[0]];
    };
    assertEquals(await update(8, 0, 1), [8, 1]);
    assertEquals(await update(8, 2, 1), [16, 0]);
    assertEquals(await update(8, 2, Infinity), [4, 0]);
    assertEquals(await update(8, 1, NaN), [4, 0]);
  },
);

testOnEveryBackend("a step with non-finite gradients changes only the scale", async (backend) => {
  const model = new Sequential(new BatchNorm2d(2), new Flatten(), new Linear(4, 3));
  model.initialize(5);
  const recipe = resolveRecipe(model, {
    optimizer: { name: "sgd", learningRate: 0.1, momentum: 0.9 },
    ema: { decay: 0.5, warmup: false },
    lossScale: { growthInterval: 2 },
  }, { classes: 3 });
  const program = stepProgram({ recipe, traceInput: tensorInput([2, 1, 2]), batchSize: 2 });
  const scalars = scalarInputs(recipe, 0, 0.1);
  const good = Float32Array.of(1, -2, 0.5, 3, -1, 0.25, 2, 1);

  const variablesAfter = async (steps: readonly Float32Array[]) => {
    const executable = await backend.compile([program]);
    uploadState(recipe.layout, executable);
    executable.write(LOSS_SCALE_VARIABLE.name, initialLossScale({ initialScale: 65536 }));
    for (const x of steps) {
      const labels = Int32Array.of(0, 2);
      await executable.run("train", { ...scalars, x, labels });
    }
    const variables = await readVariables(recipe, executable);
    executable.dispose();
    const scale = variables.get(LOSS_SCALE_VARIABLE.name);
    variables.delete(LOSS_SCALE_VARIABLE.name);
    return { variables, scale: [...scale ?? []] };
  };

  const without = await variablesAfter([good, good]);
  const between = await variablesAfter([good, good.with(3, NaN), good]);
  assertEquals(between.variables, without.variables);
  assertEquals(without.scale, [131072, 0]);
  assertEquals(between.scale, [32768, 1]);
});

Deno.test("scaling the loss by powers of two changes no bit", async () => {
  const plain = await tinyTraining();
  await train(plain);
  const scaled = await tinyTraining({ lossScale: { growthInterval: 2 } });
  await train(scaled);
  assertEquals(scaled.model.stateDict(), plain.model.stateDict());
});

Deno.test("training with a scaled loss resumes exactly", async () => {
  const lossScale = { growthInterval: 3 };
  const positions = await assertResumesExactly({ lossScale });
  const position = positions.find(({ state }) => state.step === 5);
  assertEquals(position?.tensors.lossScale, Float32Array.of(131072, 2));
});

Deno.test("gradients that stay infinite end the training", async () => {
  const options = await tinyTraining({ lossScale: { initialScale: 2 ** -11 } });
  await assertRejects(() => train(options), RunError, "the gradients stay infinite or NaN");
});

/** A backend whose full-precision counterpart gives `factor` times its losses. */
function impreciseBackend(factor: number): Backend {
  const reference = referenceBackend();
  const fullPrecision: Backend = {
    ...reference,
    async compile(programs) {
      const executable = await reference.compile(programs);
      return {
        ...executable,
        write: executable.write.bind(executable),
        dispose: executable.dispose.bind(executable),
        async run(program, inputs) {
          const { loss } = await executable.run(program, inputs);
          return { loss: loss.map((value) => factor * value) };
        },
      };
    },
  };
  return { ...reference, fullPrecision };
}

Deno.test("a first loss that full precision does not confirm stops the training", async () => {
  await train(await tinyTraining({}, impreciseBackend(1.01)));
  const options = await tinyTraining({}, impreciseBackend(1.05));
  await assertRejects(() => train(options), RunError, "does not suit this network");
});

Deno.test("the CPU refuses mixed precision and names alternatives", async () => {
  await assertRejects(
    () => openBackend({ backend: "cpu", precision: "mixed" }),
    InputError,
    "use `precision: fast`, or `backend: webgpu`",
  );
});
