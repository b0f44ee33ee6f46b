/** `norms`: norms of gradients, parameters and updates in a training with clipping. */
import { z } from "zod";
import { buildLayers } from "../../../layers/registry.ts";
import { type Norms, readNorms, type StepNorms } from "../../../training/norms.ts";
import { resolveRecipe } from "../../../training/recipe.ts";
import { stepProgram } from "../../../training/step_program.ts";
import { adoptFixtureState, fixtureOptions, withPrograms } from "../model_case.ts";
import { narrow } from "../run.ts";
import { uploadState } from "../state.ts";
import { scalarInputs, tensorInput } from "../training_programs.ts";
import type { Kind } from "./kind.ts";

const schema = z.object({
  classes: z.int(),
  steps: z.int(),
  clip: z.number(),
  optimizer_options: z.object({
    lr: z.number(),
    momentum: z.number(),
    weight_decay: z.number(),
  }),
});

/** What is compared; tolerances are relative to the largest value of all steps. */
const MEASURES: readonly {
  readonly name: string;
  readonly of: (norms: Norms) => number;
  readonly tolerance: number;
}[] = [
  { name: "gradient_norm", of: ({ gradient }) => gradient, tolerance: 1e-5 },
  { name: "parameter_norm", of: ({ parameter }) => parameter, tolerance: 1e-5 },
  // An update is the difference of two 24-bit parameters, each a thousand times larger.
  { name: "update_ratio", of: ({ update, parameter }) => update / parameter, tolerance: 1e-4 },
];

export const norms: Kind = {
  tolerance: 0,
  async check(fixture, backend) {
    const { classes, steps, clip, optimizer_options: options } = fixture.config(schema);
    const { shape } = fixture.input("batch0/x");
    const picture = shape.slice(1);
    const { layers } = buildLayers(
      [
        { do_conv2d: { outChannels: 8, kernelSize: 3, padding: 1, bias: false } },
        "batch_norm2d",
        "relu",
        { conv2d: { outChannels: 12, kernelSize: 3, stride: 2, padding: 1, bias: false } },
        "batch_norm2d",
        "relu",
        "global_avg_pool2d",
        "flatten",
        { linear: { outFeatures: classes } },
      ],
      picture,
      fixtureOptions({ classes, do_conv_layers: [] }, picture),
    );
    const { model, layout } = adoptFixtureState(fixture, layers, "initial");
    const { lr: learningRate, weight_decay: weightDecay, momentum } = options;
    const recipe = resolveRecipe(model, {
      optimizer: { name: "sgd", learningRate, momentum, weightDecay },
      clip: { norm: clip },
    }, { classes });
    const program = stepProgram({
      recipe,
      traceInput: tensorInput(picture),
      batchSize: shape[0],
      withNorms: true,
    });
    const found: StepNorms[] = [];
    await withPrograms(backend, [program], async (executable) => {
      uploadState(layout, executable);
      for (let step = 0; step < steps; step++) {
        await executable.run("train", {
          x: narrow(fixture.input(`batch${step}/x`).data),
          labels: narrow(fixture.input(`batch${step}/labels`).data),
          ...scalarInputs(recipe, step, learningRate),
        });
        found.push(await readNorms(recipe, executable));
      }
    });
    for (const { name: measure, of, tolerance } of MEASURES) {
      fixture.compare(measure, found.map(({ total }) => of(total)), tolerance);
      for (const { name } of recipe.trained) {
        const each = found.map(({ parameters }) => of(parameters.get(name)!));
        fixture.compare(`${measure}s/${name}`, each, tolerance);
      }
    }
  },
};
