/**
 * `bench --machines`: how long a step would take on several machines. Computation and summation are
 * measured on this machine; network time follows from bandwidth and latency.
 */

import { BLOCK, OrderedSum } from "../ranks/ordered_sum.ts";
import { ALONE, type Ranks } from "../ranks/ranks.ts";
import { formatBytes, formatTable } from "../reporting/format.ts";
import { median } from "../reporting/statistics.ts";
import type { Context } from "./command.ts";

/** Bits per second of networks, by name. */
const NETWORKS = { "1 Gbit/s": 1e9, "10 Gbit/s": 1e10, "100 Gbit/s": 1e11 } as const;

/** Milliseconds until the first byte of a message arrives, by TCP in a switched network. */
const LATENCY = 0.05;

const MAX_MACHINES = 64;

/** What is measured on this machine. */
interface StepTimes {
  readonly shards: number;
  /** Milliseconds of a step that computes all shards. */
  readonly step: number;
  /** Milliseconds of the update, which machines do not divide. */
  readonly update: number;
  /** Bytes summed over ranks in each step. */
  readonly bytes: number;
}

/** A step on a given number of machines. */
interface Prediction {
  readonly machines: number;
  /** Milliseconds of computation. */
  readonly computing: number;
  /** Milliseconds of adding up and copying received bytes. */
  readonly adding: number;
  /** Milliseconds of a whole step, by network. */
  readonly step: Readonly<Record<keyof typeof NETWORKS, number>>;
}

/**
 * Predicts steps on 1 to 64 machines, for numbers that divide the shards.
 *
 * @param addingOn milliseconds that one of the given number of ranks takes to add up and copy
 */
export function predictSteps(
  { step, update, shards, bytes }: StepTimes,
  addingOn: (machines: number) => number,
): Prediction[] {
  const counts = Array.from({ length: Math.log2(MAX_MACHINES) + 1 }, (_, i) => 2 ** i);
  return counts.filter((machines) => shards % machines === 0).map((machines) => {
    const computing = update + (step - update) / machines;
    const adding = machines === 1 ? 0 : addingOn(machines);
    const onNetworks = Object.fromEntries(
      Object.entries(NETWORKS).map(([name, bits]) => [
        name,
        computing + adding + exchange(machines, bytes, bits),
      ]),
    ) as Prediction["step"];
    return { machines, computing, adding, step: onNetworks };
  });
}

/** Milliseconds on the network: all slices there and back, then the results of the step. */
function exchange(machines: number, bytes: number, bits: number): number {
  const others = machines - 1;
  const sent = 2 * bytes * others / machines;
  const messages = (2 * Math.ceil(bytes / 4 / BLOCK) + 1) * others;
  return 1000 * 8 * sent / bits + LATENCY * messages;
}

/**
 * Predicts and prints steps on several machines; with several `ranks` also measures their exchange.
 *
 * @returns the same as data
 */
export async function reportMachines(times: StepTimes, ranks: Ranks, context: Context) {
  const { bytes } = times;
  const adding = new Map<number, number>();
  for (let machines = 2; machines <= MAX_MACHINES; machines *= 2) {
    adding.set(machines, await measureAdding(machines, bytes));
  }
  const predictions = predictSteps(times, (machines) => adding.get(machines)!);
  context.print(`\n${predictionsTable(predictions, times)}`);
  const { size, description } = ranks;
  if (size === 1) return { bytes, predictions };
  const data = new Float32Array(bytes / 4);
  const milliseconds = await timed(() => ranks.sum(data));
  context.print(
    `measured: ${size} ranks exchange ${formatBytes(bytes)} over ${description} in ` +
      `${milliseconds.toFixed(2)} ms`,
  );
  return { bytes, predictions, exchange: { ranks: size, milliseconds } };
}

/** Milliseconds that one of `machines` ranks takes to add up and copy `bytes`, measured here. */
async function measureAdding(machines: number, bytes: number): Promise<number> {
  const nothing = () => Promise.resolve();
  const still = { allToAll: nothing, allGather: nothing, broadcast: nothing };
  const sums = new OrderedSum({ ...ALONE, ...still, size: machines });
  const data = new Float32Array(bytes / 4), copy = new Float32Array(data.length);
  return await timed(async () => {
    // Out of the program's memory and back in.
    copy.set(data);
    await sums.sum(copy);
    data.set(copy);
  });
}

/** The median time of several executions, in milliseconds. */
async function timed(run: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let i = -3; i < 15; i++) {
    const start = performance.now();
    await run();
    if (i >= 0) times.push(performance.now() - start);
  }
  return median(times);
}

function predictionsTable(
  predictions: readonly Prediction[],
  { shards, bytes }: Pick<StepTimes, "shards" | "bytes">,
): string {
  const [{ computing: alone }] = predictions;
  const milliseconds = (value: number) => `${value.toFixed(1)} ms`;
  const names = Object.keys(NETWORKS) as (keyof typeof NETWORKS)[];
  const rows = predictions.map(({ machines, computing, adding, step }) => [
    String(machines),
    String(shards / machines),
    milliseconds(computing),
    milliseconds(adding),
    ...names.map((name) =>
      machines === 1 ? "" : `${milliseconds(step[name])} (${(alone / step[name]).toFixed(1)}x)`
    ),
  ]);
  return `a step of ${shards} shards; machines exchange ${formatBytes(bytes)} per step:\n` +
    formatTable([["machines", "shards each", "computing", "adding", ...names], ...rows]);
}
