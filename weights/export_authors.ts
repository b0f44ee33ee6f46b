/**
 * State dicts for PyTorch models built with the layers of an over-parameterization's authors, such as
 * DO-Conv's `DOConv2d`. `layers/convolutions/` defines what those layers store in addition to our tensors.
 */
import { InputError } from "../errors.ts";
import { foreignAdditions } from "../layers/convolutions.ts";
import { floatsOf, type Module, type StateDict } from "../layers/module.ts";
import { joinPath } from "../layers/names.ts";
import type { Tensor } from "../safetensors/safetensors.ts";

/** PyTorch's tensor names in its plain layers. */
const PLAIN = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"];

/**
 * A model's current tensors, not folded, as the authors' layers save them: DO-Conv's as `W`, `D` and
 * `d_diag`, all others under PyTorch's names and types. Throws InputError, naming the layer, if the
 * authors' layer would compute something else, or if neither a plain layer nor the authors' has the
 * layer's tensors.
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
    for (const [name, tensor] of additionsOf(path, layer)) {
      const { shape } = tensor;
      tensors.set(joinPath(path, name), { dtype: "F32", shape, data: floatsOf(tensor) });
    }
  }
  return tensors;
}

function additionsOf(path: string, layer: Module): StateDict {
  try {
    return foreignAdditions(layer) ?? requirePlain(layer);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${path}: ${error.message}`, { cause: error });
  }
}

function requirePlain(layer: Module): StateDict {
  const own = [...layer.namedParameters().keys()].filter((name) => !name.includes("."));
  const others = own.filter((name) => !PLAIN.includes(name));
  if (others.length > 0) {
    throw new InputError(
      `a ${layer.constructor.name} has ${others.join(", ")}, for which neither PyTorch nor the ` +
        "DO-Conv authors have a layer; fold the network, then it loads into plain PyTorch layers",
    );
  }
  return new Map();
}
