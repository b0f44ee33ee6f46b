/** Modules one after the other. */
import type { Value } from "../graph/types.ts";
import { Module } from "./module.ts";

/** Passes its input through modules in order; they are named `0`, `1`, … Matches `torch.nn.Sequential`. */
export class Sequential extends Module {
  /** In the order they run. */
  readonly layers: readonly Module[];

  /** Takes the modules in the order they run; without any, the input passes through. */
  constructor(...layers: Module[]) {
    super();
    this.layers = layers;
  }

  /** The layers, named by their place. */
  override *members(): Iterable<[string, Module]> {
    for (const [index, layer] of this.layers.entries()) yield [`${index}`, layer];
  }

  /** What the last layer gives. */
  forward(input: Value): Value {
    return this.layers.reduce((x, layer) => layer.call(x), input);
  }
}
