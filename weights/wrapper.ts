/**
 * Which of a file's tensors are a model's: training code keeps its network in wrappers, whose names stand
 * before those of the layers, and other things beside it.
 */
import { InputError } from "../errors.ts";
import type { Module, StateDict, StateTensor } from "../layers/module.ts";
import { parentPath } from "../layers/names.ts";
import { someOf } from "../reporting/format.ts";

/** Fields that training code keeps the trained one of several networks in. */
const USUAL = ["module", "model", "_orig_mod", "net", "network", "state_dict", "backbone"];

/** A model's tensors of a file. */
export interface Unwrapped {
  /** By their names in the model. */
  readonly tensors: StateDict;
  /** The names of those that were left out, as beside the model. */
  readonly leftOut: readonly string[];
}

/**
 * What of a file's tensors is a model's. Where most names of its layers stand behind a beginning that they
 * share, as `module.` or `student.backbone.`, that is taken off; names of layers that lack it are taken
 * as they are, and what else lacks it is left out, as a loss's weights are.
 *
 * @param prefix the beginning, where a person has named it: nothing that lacks it is taken. Throws
 * InputError where no name has it.
 * @param file where they are from, and the networks in it where there are several
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
    ? `there are networks at ${someOf(file.networks.map((at) => at || "its top"), 8)}`
    : `they begin with ${someOf(beginnings, 8)}`;
  throw new InputError(
    `${file.path}: no name of its tensors begins with "${prefix}"; ${has}`,
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

/** The beginning behind which most names are those of layers; the usual one of several, or none. */
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

/** Tensors by the paths of their layers, and by their names within those. */
export function tensorsByLayer(tensors: StateDict): Map<string, Map<string, StateTensor>> {
  const layers = new Map<string, Map<string, StateTensor>>();
  for (const [name, tensor] of tensors) {
    const layer = parentPath(name);
    const own = layers.get(layer) ?? new Map<string, StateTensor>();
    layers.set(layer, own.set(name.slice(name.lastIndexOf(".") + 1), tensor));
  }
  return layers;
}
