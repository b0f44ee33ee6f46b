/** `trained_model`: a few steps of SGD, then evaluation and folding. */
import { assertEquals } from "@std/assert";
import { z } from "zod";
import type { Backend } from "../../../backends/backend.ts";
import { downloadState, PARAMETERS, unpackState, uploadState } from "../../../layers/state.ts";
import { type Recipe, stepScalars, trainingProgram } from "../../../training/step_program.ts";
import type { Fixture } from "../fixture.ts";
import {
  compareGroup,
  foldFixtureModel,
  inputsIn,
  loadFixtureModel,
  logitsProgram,
  MODEL_TOLERANCE,
  modelSchema,
  namesIn,
  withPrograms,
} from "../model_case.ts";
import { narrow } from "../run.ts";
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
    labelSmoothing: label_smoothing,
  };
}

async function checkTrajectory(fixture: Fixture, config: Config, backend: Backend): Promise<void> {
  const { shape } = fixture.input("batch0/x");
  const picture = shape.slice(1);
  const { model, layout } = loadFixtureModel(fixture, config, picture, "initial");
  const recipe = recipeOf(config);
  const rates = { learningRate: config.optimizer_options.lr };
  const feed = { kind: "tensors", shape: picture } as const;
  const programs = [
    trainingProgram(model, layout, recipe, feed, shape[0], { keepGradient: true }),
    logitsProgram("trainLogits", model, layout, shape, true),
    logitsProgram("evalLogits", model, layout, shape, false),
  ];
  await withPrograms(backend, programs, async (executable) => {
    const inputOf = (name: string) => narrow(fixture.input(name).data);
    const logitsOf = async (program: string, batch: number) =>
      (await executable.run(program, { x: inputOf(`batch${batch}/x`) })).logits;
    uploadState(layout, executable);
    fixture.compare("logits_eval_initial_batch0", await logitsOf("evalLogits", 0));
    const losses: Float32Array[] = [];
    const logits: Float32Array[] = [];
    for (let step = 0; step < config.steps; step++) {
      logits.push(await logitsOf("trainLogits", step));
      const scalars = Object.entries(stepScalars(recipe, step, rates))
        .map(([name, value]) => [name, Float32Array.of(value)] as const);
      const { loss, gradient } = await executable.run("train", {
        x: inputOf(`batch${step}/x`),
        labels: inputOf(`batch${step}/labels`),
        ...Object.fromEntries(scalars),
      });
      losses.push(loss);
      if (step === 0) compareGroup(fixture, "grad", unpackState(layout, PARAMETERS, gradient));
    }
    fixture.compareSteps("loss_train_per_step", losses);
    fixture.compareSteps("logits_train_per_step", logits);
    fixture.compare("logits_eval_after_batch0", await logitsOf("evalLogits", 0));
    await downloadState(layout, executable);
  });
  compareGroup(fixture, "after", model.stateDict());
}

/** Folds the state the case ends with, so that the fold is judged apart from the training. */
async function checkFold(fixture: Fixture, config: Config, backend: Backend): Promise<void> {
  const { shape, data } = fixture.input("batch0/x");
  const { model } = loadFixtureModel(fixture, config, shape.slice(1), "after");
  const { program, tensors } = foldFixtureModel(model, shape);
  // Cases without DO-Conv have nothing to fold and no such group.
  if (config.do_conv_layers.length > 0) {
    assertEquals(new Set(tensors.keys()), new Set(namesIn(fixture, "folded")));
    compareGroup(fixture, "folded", tensors);
  }
  await withPrograms(backend, [program], async (executable) => {
    const { logits } = await executable.run("folded", { x: narrow(data) });
    if (fixture.has("logits_eval_after_folded_batch0")) {
      fixture.compare("logits_eval_after_folded_batch0", logits);
    }
    // Batch norms folded into the kernels too are the same function; our fold keeps them apart.
    if (fixture.has("logits_eval_after_folded_bn_batch0")) {
      inputsIn(fixture, "folded_bn");
      fixture.compare("logits_eval_after_folded_bn_batch0", logits);
    }
  });
}
