/**
 * Batch norms that an exporter folded into convolutions: the remaining kernel contains the scale, an added
 * bias the shift. They are restored as batch norms that apply only that shift (mean 0, variance 1,
 * scale 1), so the network computes the same.
 */
import { Parameter } from "../graph/parameter.ts";
import { BatchNorm2d } from "../layers/batch_norm2d.ts";
import type { Module, StateDict, StateTensor } from "../layers/module.ts";
import { joinPath } from "../layers/names.ts";

/**
 * Adds the tensors of a model's batch norms that the weights lack to `adopted`, and removes the biases
 * that the model's convolutions do not have. Returns the batch norms' paths; none if it is unclear which
 * convolution each belongs to.
 *
 * @param present the model's tensors
 */
export function unfoldBatchNorms(
  model: Module,
  present: StateDict,
  adopted: Map<string, StateTensor>,
): string[] {
  const layers = [...model.namedModules()].filter(([, layer]) =>
    [...layer.members()].some(([, member]) => member instanceof Parameter)
  );
  const has = (path: string, name: string) => adopted.has(joinPath(path, name));
  const norms = layers.filter((entry): entry is [string, BatchNorm2d] =>
    entry[1] instanceof BatchNorm2d &&
    [...entry[1].members()].every(([name]) => !has(entry[0], name))
  );
  const added = layers.map(([path]) => path).filter((path) =>
    has(path, "bias") && !present.has(joinPath(path, "bias"))
  );
  // Each follows the layer before it, or else both are in the same order.
  const before = norms.map((norm) => layers[layers.indexOf(norm) - 1]?.[0] ?? "");
  const isBefore = before.every((path) => has(path, "weight") || has(path, "W")) &&
    added.every((path) => before.includes(path));
  const folded = isBefore ? before : added;
  // If no layer has a bias that the model lacks, they are missing, not folded.
  const isFolded = added.length > 0 || before.every((path) => has(path, "bias"));
  if (!isFolded || folded.length !== norms.length) return [];
  const shifts = norms.map(([, { channels }], i) => {
    // A convolution with its own bias keeps the shift in it, and the shift may be absent.
    const shift = added.includes(folded[i]) ? adopted.get(joinPath(folded[i], "bias")) : undefined;
    return shift ? Float32Array.from(shift.data, Number) : new Float32Array(channels);
  });
  if (norms.some(([, { channels }], i) => shifts[i].length !== channels)) return [];
  norms.forEach(([path, { channels, eps, weight }], i) => {
    const give = (name: string, data: Float32Array) =>
      adopted.set(joinPath(path, name), { shape: [channels], data });
    if (weight) {
      give("weight", new Float32Array(channels).fill(1));
      give("bias", shifts[i]);
    }
    give("running_mean", weight ? new Float32Array(channels) : shifts[i].map((value) => -value));
    give("running_var", new Float32Array(channels).fill(1 - eps));
    if (added.includes(folded[i])) adopted.delete(joinPath(folded[i], "bias"));
  });
  return norms.map(([path]) => path);
}
