/**
 * State dicts for PyTorch models built with the DO-Conv authors' layer, `DOConv2d` of
 * https://github.com/yangyanli/DO-Conv, which keeps the identity that `D` is added to as a tensor of
 * its own, `d_diag`.
 */
import { InputError } from "../errors.ts";
import { DoConv2d } from "../layers/do_conv2d.ts";
import type { Module } from "../layers/module.ts";
import { type Shape, sizeOf } from "../graph/types.ts";
import type { Tensor } from "./safetensors.ts";

/**
 * A model's present tensors, not folded, as the authors' layers save them: `W`, `D` and `d_diag` of
 * every DO-Conv, all else under PyTorch's names and types. Throws InputError for grouped DO-Conv
 * layers whose kernels the authors' layer would compose in another way.
 */
export function authorsState(model: Module): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [name, { shape, data }] of model.namedParameters()) {
    tensors.set(
      name,
      name.endsWith("num_batches_tracked")
        ? { dtype: "I64", shape, data: BigInt64Array.from(data, (count) => BigInt(count)) }
        : { dtype: "F32", shape, data },
    );
  }
  for (const [path, layer] of model.namedModules()) {
    if (!(layer instanceof DoConv2d) || !layer.D) continue;
    checkPairing(path, layer);
    const { shape } = layer.D;
    tensors.set(`${path}.d_diag`, { dtype: "F32", shape, data: identityBlocks(shape) });
  }
  return tensors;
}

function checkPairing(path: string, { options }: DoConv2d): void {
  const { groups = 1, outChannels, pairing = "paper" } = options;
  if (pairing === "authors" || groups === 1 || groups === outChannels) return;
  throw new InputError(
    `${path}: in ${groups} groups the authors' layer pairs D with other kernel rows than the paper ` +
      "does; only models trained with model.pairing=authors can be exported to it. Folded they load " +
      "into plain PyTorch layers",
  );
}

/** For each channel of [I, area, S] identity blocks side by side, then columns of zeros. */
function identityBlocks(shape: Shape): Float32Array {
  const [channels, area, depth] = shape;
  const blocks = new Float32Array(sizeOf(shape));
  for (let row = 0; row < channels * area; row++) {
    for (let s = row % area; s < Math.floor(depth / area) * area; s += area) {
      blocks[row * depth + s] = 1;
    }
  }
  return blocks;
}
