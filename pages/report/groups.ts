/** Groups runs that are repetitions of each other: their configs differ only in the seed. */
import { sum } from "../../reporting/statistics.ts";
import type { RunData } from "./data.ts";

/** Repetitions of a training. */
export interface RunGroup {
  /** What distinguishes it from the other groups. */
  readonly name: string;
  readonly runs: readonly RunData[];
}

/** Config keys for a run's location and repetition, which do not affect the training. */
const OWN = ["seed", "name", "output", "data.root"];

/** Most differences in a name; beyond, the run's name is used. */
const MAX_DIFFERENCES = 3;

/** The groups, in the order of their first runs. */
export function groupsOf(runs: readonly RunData[]): RunGroup[] {
  const groups = [...Map.groupBy(runs, (run) => JSON.stringify(recipeOf(run))).values()];
  const keys = differingKeys(groups.map(([run]) => run)).filter((key) => !OWN.includes(key));
  return groups.map((runs) => {
    const [first] = runs;
    const settings = keys.map((key) => `${lastOf(key)} ${first.config[key] ?? "not set"}`);
    const isBrief = settings.length > 0 && settings.length <= MAX_DIFFERENCES;
    return { name: isBrief ? settings.join(", ") : first.name, runs };
  });
}

/** Keys whose values differ between runs. */
export function differingKeys(runs: readonly Pick<RunData, "config">[]): string[] {
  const keys = new Set(runs.flatMap(({ config }) => Object.keys(config)));
  return [...keys].filter((key) => new Set(runs.map(({ config }) => config[key])).size > 1);
}

function recipeOf({ config }: RunData): [string, string][] {
  return Object.entries(config).filter(([key]) => !OWN.includes(key)).sort();
}

/** The last meaningful part of a key: `convolution` of `model.convolution.name`. */
function lastOf(key: string): string {
  const parts = key.split(".").filter((part) => part !== "name");
  return parts[parts.length - 1] ?? key;
}

/** A curve of a run: positions in any order, and values. */
export type CurveOf = (run: RunData) => {
  readonly at: readonly number[];
  readonly values: readonly (number | null)[] | undefined;
};

/** The mean of a group's curves at every position, and the range if there are several runs. */
interface Band {
  /** Ascending. */
  readonly x: readonly number[];
  readonly mean: readonly number[];
  /** Absent if no position has the values of several runs. */
  readonly band?: { readonly low: readonly number[]; readonly high: readonly number[] };
}

/** Combines the curves of a group's runs. Of several values of a run at a position the last counts. */
export function bandOf({ runs }: RunGroup, curveOf: CurveOf): Band {
  const places = new Map<number, number[]>();
  for (const run of runs) {
    const { at, values = [] } = curveOf(run);
    const own = new Map(at.map((place, i) => [place, values[i] ?? null]));
    for (const [place, value] of own) {
      if (value === null) continue;
      places.set(place, [...places.get(place) ?? [], value]);
    }
  }
  const x = [...places.keys()].sort((a, b) => a - b);
  const columns = x.map((place) => places.get(place)!);
  const mean = columns.map((values) => sum(values) / values.length);
  if (columns.every(({ length }) => length < 2)) return { x, mean };
  return {
    x,
    mean,
    band: {
      low: columns.map((values) => Math.min(...values)),
      high: columns.map((values) => Math.max(...values)),
    },
  };
}
