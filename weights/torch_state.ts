/** Finds the weights in what `torch.save` was given: training code nests them in wrappers. */
import { InputError } from "../errors.ts";
import { joinPath } from "../layers/names.ts";
import { formatNumberOf, someOf } from "../reporting/format.ts";
import { isLine } from "../safetensors/line.ts";
import { SAVE_WEIGHTS, TensorView } from "./torch_pickle.ts";

/** A state dict in a file. */
export interface FoundState {
  /** The keys that lead to it, joined by dots; empty if the file is a state dict itself. */
  readonly at: string;
  /** The keys that lead to the others in the file. */
  readonly others: readonly string[];
  readonly state: ReadonlyMap<string, TensorView>;
}

/** Keys under which training code saves its model, the most likely first. */
const WRAPPERS = [
  ...["state_dict", "model_state_dict", "model_state", "model", "net", "network", "module"],
  ...["weights", "params", "state_dict_ema", "model_ema", "ema_state_dict", "ema"],
];

/** How deep wrappers are searched. */
const MAX_DEEP = 3;

/**
 * The state dict in a pickled value: the one that `wanted` leads to, else the one with the most likely key
 * of a model, else the largest. Throws InputError, naming the file `path`, if there is none.
 */
export function stateIn(path: string, value: unknown, wanted?: string): FoundState {
  const all = statesIn(value);
  const leads = ({ at }: Pick<FoundState, "at">) => at !== "" && `${wanted}.`.startsWith(`${at}.`);
  const chosen = all.findLast(leads) ??
    all.toSorted((a, b) => rankOf(a.at) - rankOf(b.at) || b.state.size - a.state.size)[0];
  if (chosen) {
    const others = all.filter((one) => one !== chosen && isNetwork(one));
    return { ...chosen, others: others.map(({ at }) => at) };
  }
  throw new InputError(`${path}: ${whyNone(value)}; ${SAVE_WEIGHTS}`);
}

/** Whether the tensors can be a network's: single numbers, such as the best accuracy, cannot. */
function isNetwork({ state }: Pick<FoundState, "state">): boolean {
  return [...state.values()].some(({ shape }) => shape.some((size) => size > 1));
}

function rankOf(at: string): number {
  const rank = WRAPPERS.indexOf(at.slice(at.lastIndexOf(".") + 1));
  return rank < 0 ? WRAPPERS.length : rank;
}

/** The dictionaries that contain tensors by name, and an empty one, which could. */
function statesIn(
  value: unknown,
  at = "",
  depth = 0,
  seen = new Set<unknown>(),
): Pick<FoundState, "at" | "state">[] {
  if (!(value instanceof Map) || seen.has(value)) return [];
  seen.add(value);
  const entries = [...value].filter(([key]) => typeof key === "string");
  const tensors = entries.filter(([, member]) => member instanceof TensorView);
  const isState = tensors.length > 0 ||
    value.size === 0 && (at === "" || rankOf(at) < WRAPPERS.length);
  return [
    ...(isState ? [{ at, state: new Map(tensors) }] : []),
    ...(depth < MAX_DEEP
      ? entries.flatMap(([key, member]) => statesIn(member, joinPath(at, key), depth + 1, seen))
      : []),
  ];
}

function whyNone(value: unknown): string {
  if (value instanceof TensorView) return "it contains a single tensor, not a state dict";
  if (!(value instanceof Map)) return "it contains no state dict";
  const keys = [...value.keys()].filter(isLine);
  return `it contains no tensors, only ${formatNumberOf(value.size, "value")} (${someOf(keys)})`;
}
