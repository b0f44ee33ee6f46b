/** Activation layers: one elementwise op each, without parameters. */
import type { Value } from "../graph/types.ts";
import { relu } from "../ops/relu.ts";
import { tanh } from "../ops/tanh.ts";
import { Module } from "./module.ts";

/** max(x, 0). Matches `torch.nn.ReLU`. */
export class ReLU extends Module {
  /** f32 of any shape → the same shape. */
  forward(input: Value): Value {
    return relu(input);
  }
}

/** Hyperbolic tangent. Matches `torch.nn.Tanh`. */
export class Tanh extends Module {
  /** f32 of any shape → the same shape. */
  forward(input: Value): Value {
    return tanh(input);
  }
}
