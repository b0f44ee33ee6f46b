/** Flattening layer. */
import type { Value } from "../graph/types.ts";
import { flatten } from "../ops/reshape.ts";
import { plainLayer } from "./layer_entry.ts";
import { Module } from "./module.ts";

/** [N, C, H, W] → [N, C·H·W], row-major. Matches `torch.nn.Flatten`. */
export class Flatten extends Module {
  /** [N, …] → [N, product of the rest]. */
  forward(input: Value): Value {
    return flatten(input);
  }
}

export const flattenLayer = plainLayer(
  "All features of an image in one row",
  () => new Flatten(),
);
