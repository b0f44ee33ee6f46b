/** Activation layers: one elementwise op each, without parameters. */
import type { Value } from "../graph/types.ts";
import { relu } from "../ops/relu.ts";
import { tanh } from "../ops/tanh.ts";
import { plainLayer } from "./layer_entry.ts";
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

/** {@link ReLU} in a list of layers. */
export const reluLayer = plainLayer("max(x, 0)", () => new ReLU());

/** {@link Tanh} in a list of layers. */
export const tanhLayer = plainLayer("Hyperbolic tangent", () => new Tanh());
