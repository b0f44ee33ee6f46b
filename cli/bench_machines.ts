/**
 * What `bench --machines` says: how long a step would take on several machines. Computing is measured
 * here, and so is what a rank adds up; the time on the network is what its bandwidth and latency come to.
 */

import { BLOCK, OrderedSum } from "../ranks/ordered_sum.ts";
import type { Ranks } from "../ranks/ranks.ts";
import { formatBytes, formatTable } from "../reporting/format.ts";
import { median } from "../reporting/statistics.ts";
import type { Context } from "./command.ts";

/** Bits a second of networks, by what they are called. */
const NETWORKS = { "1 Gbit/s": 1e9, "10 Gbit/s": 1e10, "100 Gbit/s": 1e11 } as const;

/** Milliseconds until the first byte of a message is there, by TCP in a switched network. */
const LATENCY = 0.05;

const MAX_MACHINES = 64;

/** What is measured of a step on this machine. */
interface StepTimes {
  readonly shards: number;
  /** Milliseconds of a step that computes all shards. */
  readonly step: number;
  /** Of them, those of the update, which machines do not share. */
  readonly update: number;
  /** Of what ranks add up in a step. */
  readonly bytes: number;
}

/** A step on a number of machines. */
interface Prediction {
  readonly machines: number;
  /** Milliseconds of computing. */
  readonly computing: number;
  /** Of adding up what others sent, and of copying. */
  readonly adding: number;
  /** Of a whole step, by network. */
  readonly step: Readonly<Record<keyof typeof NETWORKS, number>>;
}

/**
 * Predicts steps on 1 to 64 machines, as far as these divide the shards.
 *
 * @param addingOn milliseconds that one of this many ranks takes to add up and copy
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

/** Milliseconds on the network: all slices out and back, and at last what ranks found of the step. */
function exchange(machines: number, bytes: number, bits: number): number {
  const others = machines - 1;
  const sent = 2 * bytes * others / machines;
  const messages = (2 * Math.ceil(bytes / 4 / BLOCK) + 1) * others;
  return 1000 * 8 * sent / bits + LATENCY * messages;
}

/**
 * Predicts and prints steps on several machines, and measures the exchange among `ranks`, if there are
 * several.
 *
 * @returns the same for machines
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
    `measured: ${size} ranks exchange ${formatBytes(bytes)} by ${description} in ` +
      `${milliseconds.toFixed(2)} ms`,
  );
  return { bytes, predictions, exchange: { ranks: size, milliseconds } };
}

/** Milliseconds that one of `machines` ranks takes to add up and copy `bytes`, measured here. */
async function measureAdding(machines: number, bytes: number): Promise<number> {
  const nothing = () => Promise.resolve();
  const sums = new OrderedSum({
    ...{ rank: 0, size: machines, localRank: 0, localSize: 1, description: "" },
    ...{ allToAll: nothing, allGather: nothing, broadcast: nothing, close: nothing },
    abort: (code) => Deno.exit(code),
  });
  const data = new Float32Array(bytes / 4), copy = new Float32Array(data.length);
  return await timed(async () => {
    // Out of the program's memory and back.
    copy.set(data);
    await sums.sum(copy);
    data.set(copy);
  });
}

/** The median of some runs, in milliseconds. */
async function timed(run: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let i = -3; i < 15; i++) {
    const start = performance.now();
    await run();
    if (i >= 0) times.push(performance.now() - start);
  }
  return median(times);
}

/** The predictions for a person. */
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
  return `a step of ${shards} shards, of which machines exchange ${formatBytes(bytes)}:\n` +
    formatTable([["machines", "shards each", "computing", "adding", ...names], ...rows]);
}
