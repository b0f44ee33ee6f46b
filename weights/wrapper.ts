/**
 * Finds a model's tensors in a file: training code nests its network in wrappers, which prefix the layers'
 * names, and stores other things next to it.
 */
import { InputError } from "../errors.ts";
import type { Module, StateDict, StateTensor } from "../layers/module.ts";
import { parentPath } from "../layers/names.ts";
import { someOf } from "../reporting/format.ts";

/** Fields in which training code keeps the trained one of several networks. */
const USUAL = ["module", "model", "_orig_mod", "net", "network", "state_dict", "backbone"];

/** A model's tensors in a file. */
export interface Unwrapped {
  /** By their names in the model. */
  readonly tensors: StateDict;
  /** Names of tensors that were left out because they are not the model's. */
  readonly leftOut: readonly string[];
}

/**
 * Selects a model's tensors from a file's. If most layer names share a prefix, such as `module.` or
 * `student.backbone.`, it is removed; layer names without it are kept as they are, and other names without
 * it are left out, such as a loss's weights.
 *
 * @param prefix a prefix given by the user: only names with it are selected. Throws InputError if no name
 * has it.
 * @param file the tensors' file, and its networks if there are several
 */
export function tensorsOf(
  model: Module,
  tensors: StateDict,
  prefix: string | undefined,
  file: { readonly path: string; readonly networks: readonly string[] },
): Unwrapped {
  const layers = new Set([...model.namedParameters().keys()].map(parentPath));
  const isKnown = (name: string) => layers.has(parentPath(name));
  if (prefix === undefined) return unwrapped(tensors, commonPrefix(tensors, isKnown), isKnown);
  const found = unwrapped(tensors, `${prefix.replace(/\.$/, "")}.`, () => false);
  if (found.tensors.size > 0) return found;
  const beginnings = [...new Set([...tensors.keys()].map((name) => name.split(".")[0]))];
  const has = file.networks.length > 0
    ? `the file has networks at ${someOf(file.networks.map((at) => at || "its top"), 8)}`
    : `its names begin with ${someOf(beginnings, 8)}`;
  throw new InputError(
    `${file.path}: no tensor name begins with "${prefix}"; ${has}`,
    { at: ["prefix"] },
  );
}

function unwrapped(
  tensors: StateDict,
  prefix: string,
  isKnown: (name: string) => boolean,
): Unwrapped {
  const inside = new Map<string, StateTensor>();
  const leftOut: string[] = [];
  for (const [name, tensor] of tensors) {
    if (name.startsWith(prefix)) inside.set(name.slice(prefix.length), tensor);
  }
  for (const [name, tensor] of tensors) {
    if (name.startsWith(prefix)) continue;
    if (isKnown(name) && !inside.has(name)) inside.set(name, tensor);
    else leftOut.push(name);
  }
  return { tensors: inside, leftOut };
}

/** The prefix before most layer names; of several, the usual one; undefined if none. */
function commonPrefix(tensors: StateDict, isKnown: (name: string) => boolean): string {
  const counts = new Map([["", 0]]);
  for (const name of tensors.keys()) {
    for (let at = 0; at >= 0; at = name.indexOf(".", at) + 1 || -1) {
      if (!isKnown(name.slice(at))) continue;
      const prefix = name.slice(0, at);
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
  }
  const most = Math.max(...counts.values());
  const best = [...counts.keys()].filter((prefix) => counts.get(prefix) === most);
  const isUsual = (prefix: string) =>
    prefix.split(".").slice(0, -1).every((field) => USUAL.includes(field));
  return best.find(isUsual) ?? best[0];
}

/** Tensors by layer path, then by name within the layer. */
export function tensorsByLayer(tensors: StateDict): Map<string, Map<string, StateTensor>> {
  const layers = new Map<string, Map<string, StateTensor>>();
  for (const [name, tensor] of tensors) {
    const layer = parentPath(name);
    const own = layers.get(layer) ?? new Map<string, StateTensor>();
    layers.set(layer, own.set(name.slice(name.lastIndexOf(".") + 1), tensor));
  }
  return layers;
}
