/** Flattening layer. */
import type { Value } from "../graph/types.ts";
import { flatten } from "../ops/reshape.ts";
import { z } from "../schema/entry.ts";
import type { LayerEntry } from "./layer_entry.ts";
import { Module } from "./module.ts";

/** [N, C, H, W] → [N, C·H·W], row-major. Matches `torch.nn.Flatten`. */
export class Flatten extends Module {
  /** [N, …] → [N, product of the rest]. */
  forward(input: Value): Value {
    return flatten(input);
  }
}

const schema = z.strictObject({});

/** {@link Flatten} in a list of layers. */
export const flattenLayer: LayerEntry<typeof schema> = {
  about: "All features of an image in one row",
  schema,
  build: () => new Flatten(),
};
