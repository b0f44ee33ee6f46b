import { adamSchema, buildAdam } from "./adam.ts";
import { type OptimizerEntry, weightDecay } from "./optimizer.ts";

const schema = adamSchema.extend({ weightDecay: weightDecay.default(1e-2) });

/** Adam whose weight decay acts on the weights directly; `torch.optim.AdamW`. */
export const adamw: OptimizerEntry<typeof schema> = {
  about: "Adam with decoupled weight decay, as torch.optim.AdamW",
  schema,
  build: (options) => buildAdam(options, { decoupledWeightDecay: true }),
};
