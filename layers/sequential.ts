/** Consecutive modules, by number or by name. */
import type { Value } from "../graph/types.ts";
import { Module } from "./module.ts";

/** Passes its input through modules in order; they are named `0`, `1`, … Matches `torch.nn.Sequential`. */
export class Sequential extends Module {
  /** In the order they run. */
  readonly layers: readonly Module[];

  /** Takes the modules in the order they run; without modules, the input is returned. */
  constructor(...layers: Module[]) {
    super();
    this.layers = layers;
  }

  /** The layers, named by their index. */
  override *members(): Iterable<[string, Module]> {
    for (const [index, layer] of this.layers.entries()) yield [`${index}`, layer];
  }

  /** The last layer's output. */
  forward(input: Value): Value {
    return this.layers.reduce((x, layer) => layer.call(x), input);
  }
}

/** The same for named modules. Matches `torch.nn.Sequential(OrderedDict(…))`. */
export class NamedSequential extends Module {
  readonly #layers: Readonly<Record<string, Module>>;

  /** Takes the modules by name, in the order they run. */
  constructor(layers: Readonly<Record<string, Module>>) {
    super();
    this.#layers = layers;
  }

  /** In the order they run. */
  get layers(): readonly Module[] {
    return Object.values(this.#layers);
  }

  /** The layers, by their names. */
  override *members(): Iterable<[string, Module]> {
    yield* Object.entries(this.#layers);
  }

  /** The last layer's output. */
  forward(input: Value): Value {
    return this.layers.reduce((x, layer) => layer.call(x), input);
  }
}
