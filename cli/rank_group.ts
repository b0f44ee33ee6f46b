/** Runs a command on several ranks: which of them prints, and how errors end them. */

import type { DataConfig } from "../config/schema.ts";
import { EXIT, UserError } from "../errors.ts";
import { formatNumberOf } from "../reporting/format.ts";
import { Progress } from "../reporting/progress.ts";
import { ALONE, type Ranks } from "../ranks/ranks.ts";
import { isThrownByAll, ranksOf, sharedWork } from "../training/agreement.ts";
import type { Context } from "./command.ts";
import { reportError } from "./report_error.ts";

/** This process as a rank, and the machines of all ranks. */
export interface RankGroup {
  readonly ranks: Ranks;
  readonly hosts: readonly string[];
}

/** A process that runs a command alone. */
export const SINGLE_RANK: RankGroup = { ranks: ALONE, hosts: [] };

/** The name of a rank: `rank 3 (node-2)`. */
function nameOf({ hosts }: RankGroup, rank: number): string {
  return `${ranksOf([rank])}${hosts[rank] === undefined ? "" : ` (${hosts[rank]})`}`;
}

/** Number of ranks on this machine, this one included. */
export function processesOnHost({ ranks: { rank }, hosts }: RankGroup): number {
  return Math.max(1, hosts.filter((host) => host === hosts[rank]).length);
}

/**
 * Runs a command's work on a rank; only the first rank prints. If one rank fails, it reports the error
 * and the processes of all ranks end with its exit code. An error on all ranks is thrown by the first.
 *
 * @param work the work of `Command.run`, whose output is discarded on other ranks
 * @returns the exit code
 */
export async function runOnRank(
  group: RankGroup,
  context: Context,
  work: (context: Context) => Promise<number>,
): Promise<number> {
  const { ranks } = group;
  const isFirst = ranks.rank === 0;
  let code: number;
  try {
    code = await work(isFirst ? context : silent(context));
  } catch (error) {
    if (ranks.size > 1 && !isThrownByAll(error)) {
      return ranks.abort(reportError(error, context.progress, `${nameOf(group, ranks.rank)}: `));
    }
    await ranks.close();
    if (isFirst) throw error;
    return error instanceof UserError ? error.exitCode : EXIT.failure;
  }
  await ranks.close();
  return code;
}

/** As {@link sharedWork}; errors name the ranks' machines. */
export function together<T>(group: RankGroup, work: () => Promise<T> | T): Promise<T> {
  return sharedWork(group.ranks, work, (rank) => nameOf(group, rank));
}

function silent(context: Context): Context {
  const target = { write: () => {}, isTerminal: false, columns: () => 80, now: () => 0 };
  return { ...context, print: () => {}, emit: () => {}, progress: new Progress(target) };
}

/** The ranks of a training, and their share of each batch, as text. */
export function describeJointTraining(
  { ranks: { size, description }, hosts }: RankGroup,
  { batchSize, shards }: Pick<DataConfig, "batchSize" | "shards">,
): string {
  const byHost = Map.groupBy(hosts.keys(), (rank) => hosts[rank]);
  const places = [...byHost].map(([host, ranks]) => `${ranksOf(ranks)} on ${host}`);
  const own = Number(shards) / size;
  return `${size} ranks over ${description}${
    places.length === 0 ? "" : `: ${places.join("; ")}`
  }; ` +
    `each has ${formatNumberOf(own, "shard")} of ${
      formatNumberOf(batchSize / Number(shards), "image")
    } of each batch` +
    (Number.isInteger(Math.log2(size)) ? "" : (
      `; ${size} is not a power of two, so the last bits depend on the number of ranks`
    ));
}
