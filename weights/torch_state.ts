/** Where in what `torch.save` was given the weights are: training code keeps them in wrappers. */
import { InputError } from "../errors.ts";
import { joinPath } from "../layers/names.ts";
import { formatNumberOf, someOf } from "../reporting/format.ts";
import { isLine } from "../safetensors/line.ts";
import { SAVE_WEIGHTS, TensorView } from "./torch_pickle.ts";

/** A state dict in a file. */
export interface FoundState {
  /** The keys that lead to it, with dots between them; empty for what is one itself. */
  readonly at: string;
  /** Those of the others in the file. */
  readonly others: readonly string[];
  readonly state: ReadonlyMap<string, TensorView>;
}

/** Keys that training code keeps its model under, the most likely first. */
const WRAPPERS = [
  ...["state_dict", "model_state_dict", "model_state", "model", "net", "network", "module"],
  ...["weights", "params", "state_dict_ema", "model_ema", "ema_state_dict", "ema"],
];

/** How deep wrappers are looked into. */
const MAX_DEEP = 3;

/**
 * The state dict in the value of a pickle: the one that `wanted` leads to, else the one whose key is most likely a
 * model's, else the largest. Throws InputError, naming the file `path`, where there is none.
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

/** Whether the tensors can be a network's: single numbers, as the best accuracy so far, are none. */
function isNetwork({ state }: Pick<FoundState, "state">): boolean {
  return [...state.values()].some(({ shape }) => shape.some((size) => size > 1));
}

function rankOf(at: string): number {
  const rank = WRAPPERS.indexOf(at.slice(at.lastIndexOf(".") + 1));
  return rank < 0 ? WRAPPERS.length : rank;
}

/** The dictionaries that hold tensors by names, and an empty one that could. */
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
  if (value instanceof TensorView) return "it holds a tensor without a name, no state dict";
  if (!(value instanceof Map)) return "it holds no state dict";
  const keys = [...value.keys()].filter(isLine);
  return `no tensors in it, only ${formatNumberOf(value.size, "value")} (${someOf(keys)})`;
}
