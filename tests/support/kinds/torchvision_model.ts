/** `torchvision_model`: a torchvision ResNet's logits, gradients and batch-norm statistics. */
import { assertEquals } from "@std/assert";
import { z } from "zod";
import { BUFFERS, PARAMETERS, unpackState } from "../../../layers/state.ts";
import { type Recipe, trainingProgram } from "../../../training/step_program.ts";
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
    const recipe: Recipe = { optimizer: { name: "sgd", learningRate: 0 } };
    const feed = { kind: "tensors", shape: picture } as const;
    const folded = foldFixtureModel(model, shape);
    const foldedBatchNorm = foldFixtureModel(model, shape, { batchNorm: true });
    const programs = [
      trainingProgram(model, layout, recipe, feed, shape[0], { keepGradient: true }),
      logitsProgram("evaluate", model, layout, shape),
      foldedBatchNorm.program,
    ];
    await withPrograms(backend, programs, async (executable) => {
      uploadState(layout, executable);
      const logitsOf = async (program: string) => (await executable.run(program, { x })).logits;
      fixture.compare("logits_eval", await logitsOf("evaluate"));
      fixture.compare("logits_eval_folded_bn", await logitsOf("foldedBatchNorm"));
      const learningRate = Float32Array.of(0);
      const { loss, logits, gradient } = await executable.run("train", { x, labels, learningRate });
      fixture.compare("logits_train", logits);
      fixture.compare("loss_train", loss);
      const gradients = unpackState(layout, PARAMETERS, gradient);
      compareGroup(fixture, "grad", gradients);
      const norms = config.grad_norms_of.map((name) => Math.hypot(...gradients.get(name)!.data));
      fixture.compare("grad_norms", norms);
      const buffers = unpackState(layout, BUFFERS, await executable.read(BUFFERS));
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
