/** `trained_model`: a few steps of SGD, then evaluation and folding. */
import { assertEquals } from "@std/assert";
import { z } from "zod";
import type { Backend } from "../../../backends/backend.ts";
import { downloadState, uploadState } from "../state.ts";
import { type Recipe, resolveRecipe } from "../../../training/recipe.ts";
import { contributionProgram, stepProgram, updateProgram } from "../../../training/step_program.ts";
import type { Fixture } from "../fixture.ts";
import {
  compareGroup,
  foldFixtureModel,
  loadFixtureModel,
  logitsProgram,
  MODEL_TOLERANCE,
  modelSchema,
  namesIn,
  withPrograms,
} from "../model_case.ts";
import { narrow } from "../run.ts";
import { readContribution, scalarInputs, tensorInput, withLogits } from "../training_programs.ts";
import type { Kind } from "./kind.ts";

const schema = modelSchema.extend({
  steps: z.int(),
  optimizer: z.literal("SGD"),
  optimizer_options: z.strictObject({
    lr: z.number(),
    momentum: z.number().default(0),
    dampening: z.number().default(0),
    nesterov: z.boolean().default(false),
    weight_decay: z.number().default(0),
  }),
  label_smoothing: z.number().default(0),
});

type Config = z.infer<typeof schema>;

export const trainedModel: Kind = {
  tolerance: MODEL_TOLERANCE,
  async check(fixture, backend) {
    const config = fixture.config(schema);
    await checkTrajectory(fixture, config, backend);
    await checkFold(fixture, config, backend);
  },
};

function recipeOf({ optimizer_options: options, label_smoothing }: Config): Recipe {
  const { lr: learningRate, weight_decay: weightDecay, ...others } = options;
  return {
    optimizer: { name: "sgd", learningRate, weightDecay, ...others },
    objective: { name: "classification", labelSmoothing: label_smoothing },
  };
}

/** Takes the first step in two programs, so that its gradient can be read, the others in one. */
async function checkTrajectory(fixture: Fixture, config: Config, backend: Backend): Promise<void> {
  const { shape } = fixture.input("batch0/x");
  const picture = shape.slice(1);
  const { model, layout } = loadFixtureModel(fixture, config, picture, "initial");
  const recipe = withLogits(resolveRecipe(model, recipeOf(config), config));
  const options = { recipe, traceInput: tensorInput(picture), batchSize: shape[0] };
  const contribution = contributionProgram(options);
  const programs = [
    contribution,
    updateProgram({ recipe }, contribution),
    stepProgram(options),
    logitsProgram("evaluate", model, layout, shape),
  ];
  await withPrograms(backend, programs, async (executable) => {
    const inputOf = (name: string) => narrow(fixture.input(name).data);
    const evaluate = async (name: string) => {
      const { logits } = await executable.run("evaluate", { x: inputOf("batch0/x") });
      fixture.compare(name, logits);
    };
    uploadState(layout, executable);
    await evaluate("logits_eval_initial_batch0");
    const steps: Record<string, Float32Array>[] = [];
    for (let step = 0; step < config.steps; step++) {
      const batch = { x: inputOf(`batch${step}/x`), labels: inputOf(`batch${step}/labels`) };
      const scalars = scalarInputs(recipe, step, config.optimizer_options.lr);
      if (step > 0) steps.push(await executable.run("train", { ...batch, ...scalars }));
      else {
        steps.push(await executable.run("contribution", batch));
        await executable.run("update", scalars);
      }
    }
    compareGroup(fixture, "grad", (await readContribution(recipe, executable)).gradients);
    fixture.compareSteps("loss_train_per_step", steps.map(({ loss }) => loss));
    fixture.compareSteps("logits_train_per_step", steps.map(({ logits }) => logits));
    await evaluate("logits_eval_after_batch0");
    await downloadState(layout, executable);
  });
  compareGroup(fixture, "after", model.stateDict());
}

/**
 * Folds the case's expected final state, so that folding is tested independently of the training.
 */
async function checkFold(fixture: Fixture, config: Config, backend: Backend): Promise<void> {
  const { shape, data } = fixture.input("batch0/x");
  const { model } = loadFixtureModel(fixture, config, shape.slice(1), "after");
  const { program, tensors } = foldFixtureModel(model, shape);
  // Cases without DO-Conv have nothing to fold and no such group.
  if (config.do_conv_layers.length > 0) {
    assertEquals(new Set(tensors.keys()), new Set(namesIn(fixture, "folded")));
    compareGroup(fixture, "folded", tensors);
  }
  const foldedBatchNorm = foldFixtureModel(model, shape, { batchNorm: true });
  if (namesIn(fixture, "folded_bn").length > 0) {
    assertEquals(new Set(foldedBatchNorm.tensors.keys()), new Set(namesIn(fixture, "folded_bn")));
    compareGroup(fixture, "folded_bn", foldedBatchNorm.tensors);
  }
  await withPrograms(backend, [program, foldedBatchNorm.program], async (executable) => {
    const x = narrow(data);
    for (const [name, form] of [["folded", "folded"], ["foldedBatchNorm", "folded_bn"]]) {
      const expected = `logits_eval_after_${form}_batch0`;
      if (!fixture.has(expected)) continue;
      fixture.compare(expected, (await executable.run(name, { x })).logits);
    }
  });
}
