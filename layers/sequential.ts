/** Modules one after the other. */
import type { Value } from "../graph/types.ts";
import { Module } from "./module.ts";

/** Passes its input through modules in order; they are named `0`, `1`, … Matches `torch.nn.Sequential`. */
export class Sequential extends Module {
  readonly layers: readonly Module[];

  constructor(...layers: Module[]) {
    super();
    this.layers = layers;
  }

  override *members(): Iterable<[string, Module]> {
    for (const [index, layer] of this.layers.entries()) yield [`${index}`, layer];
  }

  forward(input: Value): Value {
    return this.layers.reduce((x, layer) => layer.call(x), input);
  }
}
