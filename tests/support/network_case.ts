/** The check that all fixtures of one pass through a network share. */
import { assertEquals } from "@std/assert";
import { z } from "zod";
import type { Backend } from "../../backends/backend.ts";
import type { Shape } from "../../graph/types.ts";
import type { Module } from "../../layers/module.ts";
import { resolveRecipe } from "../../training/recipe.ts";
import { contributionProgram } from "../../training/step_program.ts";
import type { Fixture } from "./fixture.ts";
import {
  adoptFixtureState,
  compareGroup,
  foldFixtureModel,
  logitsProgram,
  withPrograms,
} from "./model_case.ts";
import { narrow } from "./run.ts";
import { uploadState } from "./state.ts";
import { readContribution, tensorInput, withLogits } from "./training_programs.ts";

/** The common fields of these fixtures' configs. */
export const networkSchema = z.object({
  classes: z.int(),
  do_conv_layers: z.array(z.string()),
  D_mul: z.int().nullish(),
  grad_norms_of: z.array(z.string()),
  plain_state_dict_names: z.array(z.string()).nullable(),
});

/**
 * Compares logits in evaluation and training mode, loss, gradients, statistics, and the folded
 * network's logits. `build` makes the network for images [C, H, W] with those layers as DO-Conv.
 */
export async function checkNetwork(
  fixture: Fixture,
  backend: Backend,
  build: (picture: Shape, doConvLayers: readonly string[]) => Module,
): Promise<void> {
  const config = fixture.config(networkSchema);
  const { shape, data } = fixture.input("x");
  const x = narrow(data);
  const labels = narrow(fixture.input("labels").data);
  const picture = shape.slice(1);
  const network = build(picture, config.do_conv_layers);
  const { model, layout } = adoptFixtureState(fixture, network, "initial");
  const optimizer = { name: "sgd", learningRate: 1 } as const;
  const recipe = withLogits(resolveRecipe(model, { optimizer }, config));
  const folded = foldFixtureModel(model, shape);
  const foldedBatchNorm = foldFixtureModel(model, shape, { batchNorm: true });
  const programs = [
    contributionProgram({ recipe, traceInput: tensorInput(picture), batchSize: shape[0] }),
    logitsProgram("evaluate", model, layout, shape),
    folded.program,
    foldedBatchNorm.program,
  ];
  await withPrograms(backend, programs, async (executable) => {
    uploadState(layout, executable);
    const logitsOf = async (program: string) => (await executable.run(program, { x })).logits;
    fixture.compare("logits_eval", await logitsOf("evaluate"));
    fixture.compare("logits_eval", await logitsOf("folded"));
    const own = "logits_eval_folded_bn";
    fixture.compare(fixture.has(own) ? own : "logits_eval", await logitsOf("foldedBatchNorm"));
    const { loss, logits } = await executable.run("contribution", { x, labels });
    const { gradients, buffers } = await readContribution(recipe, executable);
    fixture.compare("logits_train", logits);
    fixture.compare("loss_train", loss);
    compareGroup(fixture, "grad", gradients);
    const norms = config.grad_norms_of.map((name) => Math.hypot(...gradients.get(name)!.data));
    fixture.compare("grad_norms", norms);
    compareGroup(fixture, "buffers_after_train", buffers);
  });
  compareGroup(fixture, "folded", folded.tensors);
  const plain = build(picture, []).stateDict();
  if (config.plain_state_dict_names) {
    assertEquals([...plain.keys()], config.plain_state_dict_names);
  }
  const shapesOf = (tensors: ReadonlyMap<string, { readonly shape: Shape }>) =>
    Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]));
  assertEquals(shapesOf(folded.tensors), shapesOf(plain));
}
