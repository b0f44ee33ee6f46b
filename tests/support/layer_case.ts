/** The check that all fixtures of a single layer share. */
import type { Backend } from "../../backends/backend.ts";
import { input, output, toValue, trace } from "../../graph/trace.ts";
import type { Module, StateTensor } from "../../layers/module.ts";
import { layoutState } from "../../layers/state.ts";
import { downloadState, uploadState } from "./state.ts";
import { vectorJacobianProduct } from "../../ops/gradients.ts";
import type { Fixture } from "./fixture.ts";
import { narrow } from "./run.ts";

/** How a layer's fixture is laid out. */
export interface LayerCase {
  readonly training?: boolean;
  /** Names of the layer's tensors in the fixture, by state-dict name. Default: the same names. */
  readonly stored?: Readonly<Record<string, string>>;
  /** Suffixes of the names of each batch's tensors, in order. Default: one batch, no suffix. */
  readonly batches?: readonly string[];
  /** Called after each batch, when the layer has its new state. */
  readonly afterBatch?: (suffix: string) => void;
}

/**
 * Runs a layer on the fixture's `x` and compares `y`, then, from the upstream gradient `dy`, `dx`
 * and `d<name>` of every trained parameter.
 */
export async function checkLayer(
  fixture: Fixture,
  backend: Backend,
  layer: Module,
  { training = false, stored = {}, batches = [""], afterBatch }: LayerCase = {},
): Promise<void> {
  const parameters = layer.namedParameters();
  const state = new Map<string, StateTensor>();
  for (const name of parameters.keys()) {
    const source = stored[name] ?? name;
    if (fixture.has(source)) state.set(name, fixture.input(source));
  }
  layer.loadStateDict(state, { strict: false });
  const trained = [...parameters].filter(([, parameter]) => parameter.trainable);
  const layout = layoutState(layer);
  const { shape } = fixture.input(`x${batches[0]}`);
  const options = { name: "layer", training, variables: layout.variables, bind: layout.bind };
  const program = trace(options, () => {
    const x = input("x", shape);
    const y = layer.call(x);
    const dy = input("dy", y.shape);
    const leaves = [x, ...trained.map(([, parameter]) => toValue(parameter))];
    const names = ["x", ...trained.map(([name]) => name)];
    output("y", y);
    vectorJacobianProduct([y], [dy], leaves).forEach((gradient, i) =>
      output(`d${names[i]}`, gradient)
    );
  });
  const executable = await backend.compile([program]);
  try {
    uploadState(layout, executable);
    for (const suffix of batches) {
      const outputs = await executable.run("layer", {
        x: narrow(fixture.input(`x${suffix}`).data),
        dy: narrow(fixture.input(`dy${suffix}`).data),
      });
      for (const [name, data] of Object.entries(outputs)) fixture.compare(name + suffix, data);
      await downloadState(layout, executable);
      afterBatch?.(suffix);
    }
  } finally {
    executable.dispose();
  }
}
