/**
 * Batch norms that an exporter has folded into convolutions: the kernel it left holds the scale, a bias it
 * added the shift. They come back as batch norms that change nothing (mean 0, variance 1, scale 1) but
 * for that shift, so the network computes the same.
 */
import { BatchNorm2d } from "../layers/batch_norm2d.ts";
import type { Module, StateDict, StateTensor } from "../layers/module.ts";
import { joinPath, parentPath } from "../layers/names.ts";

/**
 * Gives the batch norms of a model that weights lack their tensors, into `adopted`, and takes away the
 * biases that their convolutions have not. Returns their paths; none where it is not plain which
 * convolution each belongs to.
 *
 * @param present the model's own tensors
 */
export function unfoldBatchNorms(
  model: Module,
  present: StateDict,
  adopted: Map<string, StateTensor>,
): string[] {
  const layers = [...model.namedModules()];
  const lacks = ([path, layer]: [string, Module]) =>
    [...layer.members()].every(([name]) => !adopted.has(joinPath(path, name)));
  const norms = layers.filter((entry): entry is [string, BatchNorm2d] =>
    entry[1] instanceof BatchNorm2d && lacks(entry)
  );
  const added = [...adopted.keys()].filter((name) => name.endsWith(".bias") && !present.has(name));
  const places = new Map(layers.map(([path], i) => [path, i]));
  const folded = added.map(parentPath).filter((path) => places.has(path))
    .toSorted((a, b) => places.get(a)! - places.get(b)!);
  // A convolution that has a bias of its own keeps the shift in it.
  const follows = ([path]: [string, Module]) =>
    adopted.has(joinPath(layers[places.get(path)! - 1][0], "bias"));
  const isShifted = folded.length === norms.length;
  if (!isShifted && !(folded.length === 0 && norms.every(follows))) return [];
  const shifts = norms.map(([, { channels }], i) => {
    const shift = isShifted ? adopted.get(joinPath(folded[i], "bias"))?.data : undefined;
    return shift ? Float32Array.from(shift, Number) : new Float32Array(channels);
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
    if (isShifted) adopted.delete(joinPath(folded[i], "bias"));
  });
  return norms.map(([path]) => path);
}
