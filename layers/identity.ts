/** A layer that does nothing. */
import type { Value } from "../graph/types.ts";
import { Module } from "./module.ts";

/** Returns its input, of any shape. Matches `torch.nn.Identity`. */
export class Identity extends Module {
  /** The input itself. */
  forward(input: Value): Value {
    return input;
  }
}
