/** `batch_norm`: the BatchNorm2d layer in training and in evaluation, over one or more batches. */
import { z } from "zod";
import { BatchNorm2d } from "../../../layers/batch_norm2d.ts";
import { checkLayer } from "../layer_case.ts";
import { type Kind, LAYER_TOLERANCE } from "./kind.ts";

const schema = z.object({
  mode: z.enum(["train", "eval"]),
  shape: z.array(z.int()),
  momentum: z.number(),
  eps: z.number(),
  affine: z.boolean(),
  batches: z.int().default(1),
});

export const batchNorm: Kind = {
  tolerance: LAYER_TOLERANCE,
  check(fixture, backend) {
    const { mode, shape, batches, ...options } = fixture.config(schema);
    const layer = new BatchNorm2d(shape[1], options);
    return checkLayer(fixture, backend, layer, {
      training: mode === "train",
      stored: { running_mean: "running_mean_before", running_var: "running_var_before" },
      batches: batches === 1 ? [""] : Array.from({ length: batches }, (_, i) => `${i}`),
      afterBatch(suffix) {
        fixture.compare(`running_mean_after${suffix}`, layer.runningMean.data);
        fixture.compare(`running_var_after${suffix}`, layer.runningVar.data);
      },
    });
  },
};
