/** `torchvision_model`: a torchvision ResNet's logits, gradients and batch-norm statistics. */
import { buildFixtureModel, MODEL_TOLERANCE, modelSchema } from "../model_case.ts";
import { checkNetwork } from "../network_case.ts";
import type { Kind } from "./kind.ts";

export const torchvisionModel: Kind = {
  tolerance: MODEL_TOLERANCE,
  check(fixture, backend) {
    const config = fixture.config(modelSchema);
    return checkNetwork(
      fixture,
      backend,
      (picture, doConvLayers) =>
        buildFixtureModel({ ...config, do_conv_layers: [...doConvLayers] }, picture),
    );
  },
};
