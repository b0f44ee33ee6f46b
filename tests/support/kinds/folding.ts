/** `folding`: the authors' MNIST example before and after their fusion. */
import { assertEquals } from "@std/assert";
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
import type { Kind } from "./kind.ts";
import { uploadState } from "../state.ts";

export const folding: Kind = {
  tolerance: MODEL_TOLERANCE,
  async check(fixture, backend) {
    const { shape, data } = fixture.input("x");
    const config = fixture.config(modelSchema);
    const { model, layout } = loadFixtureModel(fixture, config, shape.slice(1), "initial");
    const folded = foldFixtureModel(model, shape);
    assertEquals(new Set(folded.tensors.keys()), new Set(namesIn(fixture, "fused")));
    compareGroup(fixture, "fused", folded.tensors);
    const programs = [logitsProgram("unfolded", model, layout, shape), folded.program];
    await withPrograms(backend, programs, async (executable) => {
      uploadState(layout, executable);
      const x = narrow(data);
      fixture.compare("logits", (await executable.run("unfolded", { x })).logits);
      fixture.compare("logits_fused", (await executable.run("folded", { x })).logits);
    });
  },
};
