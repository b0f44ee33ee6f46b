/** `torchvision_model`: a torchvision ResNet's logits, gradients and batch-norm statistics. */
import { assertEquals } from "@std/assert";
import { z } from "zod";
import { BUFFERS, PARAMETERS, unpackState } from "../../../layers/state.ts";
import { resolveRecipe } from "../../../training/recipe.ts";
import { contributionProgram } from "../../../training/step_program.ts";
import { CONTRIBUTION } from "../../../training/variables.ts";
import {
  buildFixtureModel,
  compareGroup,
  foldFixtureModel,
  loadFixtureModel,
  logitsProgram,
  MODEL_TOLERANCE,
  modelSchema,
  withPrograms,
} from "../model_case.ts";
import { narrow } from "../run.ts";
import { tensorInput, withLogits } from "../training_programs.ts";
import type { Kind } from "./kind.ts";
import { uploadState } from "../state.ts";

const schema = modelSchema.extend({
  grad_norms_of: z.array(z.string()),
  plain_state_dict_names: z.array(z.string()).nullable(),
});

export const torchvisionModel: Kind = {
  tolerance: MODEL_TOLERANCE,
  async check(fixture, backend) {
    const config = fixture.config(schema);
    const { shape, data } = fixture.input("x");
    const x = narrow(data);
    const labels = narrow(fixture.input("labels").data);
    const picture = shape.slice(1);
    const { model, layout } = loadFixtureModel(fixture, config, picture, "initial");
    const optimizer = { name: "sgd", learningRate: 1 } as const;
    const recipe = withLogits(resolveRecipe(model, { optimizer }, config));
    const folded = foldFixtureModel(model, shape);
    const foldedBatchNorm = foldFixtureModel(model, shape, { batchNorm: true });
    const programs = [
      contributionProgram({ recipe, traceInput: tensorInput(picture), batchSize: shape[0] }),
      logitsProgram("evaluate", model, layout, shape),
      foldedBatchNorm.program,
    ];
    await withPrograms(backend, programs, async (executable) => {
      uploadState(layout, executable);
      const logitsOf = async (program: string) => (await executable.run(program, { x })).logits;
      fixture.compare("logits_eval", await logitsOf("evaluate"));
      fixture.compare("logits_eval_folded_bn", await logitsOf("foldedBatchNorm"));
      const { loss, logits } = await executable.run("contribution", { x, labels });
      const contribution = await executable.read(CONTRIBUTION);
      fixture.compare("logits_train", logits);
      fixture.compare("loss_train", loss);
      const gradients = unpackState(layout, PARAMETERS, contribution);
      compareGroup(fixture, "grad", gradients);
      const norms = config.grad_norms_of.map((name) => Math.hypot(...gradients.get(name)!.data));
      fixture.compare("grad_norms", norms);
      const buffers = unpackState(layout, BUFFERS, contribution.subarray(recipe.parameterSize));
      compareGroup(fixture, "buffers_after_train", buffers);
    });
    compareGroup(fixture, "folded", folded.tensors);
    if (config.plain_state_dict_names) {
      const plain = buildFixtureModel({ ...config, do_conv_layers: [] }, picture);
      assertEquals([...plain.namedParameters().keys()], config.plain_state_dict_names);
      assertEquals(new Set(folded.tensors.keys()), new Set(config.plain_state_dict_names));
    }
  },
};
