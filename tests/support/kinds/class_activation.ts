/** `class_activation`: a folded network's class activation maps. */
import { z } from "zod";
import { buildLayers, layersSchema } from "../../../layers/registry.ts";
import {
  CHOSEN,
  classActivationMap,
  classActivationProgram,
} from "../../../ops/class_activation.ts";
import { adoptFixtureState, foldFixtureModel, withPrograms } from "../model_case.ts";
import { narrow } from "../run.ts";
import { type Kind, LAYER_TOLERANCE } from "./kind.ts";

const schema = z.object({ layers: layersSchema });

export const classActivation: Kind = {
  tolerance: LAYER_TOLERANCE,
  async check(fixture, backend) {
    const { shape, data } = fixture.input("x");
    const { layers, outputShape: [classes] } = buildLayers(
      fixture.config(schema).layers,
      shape.slice(1),
    );
    const { model } = adoptFixtureState(fixture, layers, "initial");
    const { data: labels } = fixture.input("chosen");
    const chosen = new Float32Array(labels.length * classes);
    labels.forEach((label, n) => chosen[n * classes + label] = 1);
    for (const batchNorm of [false, true]) {
      const program = classActivationProgram(
        foldFixtureModel(model, shape, { batchNorm }).program,
      );
      const [, channels] = program.outputs.features.shape;
      await withPrograms(backend, [program], async (executable) => {
        const { logits, features, gradient } = await executable.run(program.name, {
          x: narrow(data),
          [CHOSEN]: chosen,
        });
        const size = features.length / labels.length;
        const maps = Array.from(labels, (_, n) => {
          const own = (all: Float32Array) => all.subarray(n * size, (n + 1) * size);
          return classActivationMap(own(features), own(gradient), channels);
        });
        fixture.compare("logits", logits);
        fixture.compareSteps("map", maps);
      });
    }
  },
};
