/** Runs that are repetitions of each other: their configs differ in nothing but the seed. */
import { sum } from "../../reporting/statistics.ts";
import type { RunData } from "./data.ts";

/** Repetitions of a training. */
export interface RunGroup {
  /** What tells it from the other groups. */
  readonly name: string;
  readonly runs: readonly RunData[];
}

/** Keys of a config that say where a run is, and which repetition, not what is trained. */
const OWN = ["seed", "name", "output", "data.root"];

/** Differences that a name can hold; of more it is the name of a run. */
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

/** Keys whose values are not the same in all runs. */
export function differingKeys(runs: readonly Pick<RunData, "config">[]): string[] {
  const keys = new Set(runs.flatMap(({ config }) => Object.keys(config)));
  return [...keys].filter((key) => new Set(runs.map(({ config }) => config[key])).size > 1);
}

function recipeOf({ config }: RunData): [string, string][] {
  return Object.entries(config).filter(([key]) => !OWN.includes(key)).sort();
}

/** The last part of a key that says something: `convolution` of `model.convolution.name`. */
function lastOf(key: string): string {
  const parts = key.split(".").filter((part) => part !== "name");
  return parts[parts.length - 1] ?? key;
}

/** A curve of a run: where it has values, in any order, and these. */
export type CurveOf = (run: RunData) => {
  readonly at: readonly number[];
  readonly values: readonly (number | null)[] | undefined;
};

/** The mean of a group's curves at every place that any of them has, and of several runs the range. */
interface Band {
  /** Ascending. */
  readonly x: readonly number[];
  readonly mean: readonly number[];
  /** Absent where no place has the values of several runs. */
  readonly band?: { readonly low: readonly number[]; readonly high: readonly number[] };
}

/** The curves of a group's runs as one. A run with several values at a place has the last there. */
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
