/** A process as one of several that run a command together: who speaks, and what becomes of errors. */

import type { DataConfig } from "../config/schema.ts";
import { EXIT, UserError } from "../errors.ts";
import { formatNumberOf } from "../reporting/format.ts";
import { Progress } from "../reporting/progress.ts";
import { ALONE, type Ranks } from "../ranks/ranks.ts";
import { isThrownByAll, ranksOf, sharedWork } from "../training/agreement.ts";
import type { Context } from "./command.ts";
import { tellError } from "./told_error.ts";

/** One of the processes, and where all of them are. */
export interface Member {
  readonly ranks: Ranks;
  /** The machine of each rank. */
  readonly hosts: readonly string[];
}

/** A process by itself. */
export const BY_ITSELF: Member = { ranks: ALONE, hosts: [] };

/** How a rank is called: `rank 3 (node-2)`. */
function nameOf({ hosts }: Member, rank: number): string {
  return `${ranksOf([rank])}${hosts[rank] === undefined ? "" : ` (${hosts[rank]})`}`;
}

/** How many of those that train together are on this one's machine, itself included. */
export function processesBeside({ ranks: { rank }, hosts }: Member): number {
  return Math.max(1, hosts.filter((host) => host === hosts[rank]).length);
}

/**
 * Runs a command's work on a rank, of which the first one speaks for all. Where one fails by itself it
 * says so, and the processes of all ranks end with its exit code; what all have thrown the first one
 * throws, as does one that is alone.
 *
 * @param work as of `Command.run`, in which other ranks are silent
 * @returns the exit code
 */
export async function asMember(
  member: Member,
  context: Context,
  work: (context: Context) => Promise<number>,
): Promise<number> {
  const { ranks } = member;
  const isFirst = ranks.rank === 0;
  let code: number;
  try {
    code = await work(isFirst ? context : silent(context));
  } catch (error) {
    if (ranks.size > 1 && !isThrownByAll(error)) {
      return ranks.abort(tellError(error, context.progress, `${nameOf(member, ranks.rank)}: `));
    }
    await ranks.close();
    if (isFirst) throw error;
    return error instanceof UserError ? error.exitCode : EXIT.failure;
  }
  await ranks.close();
  return code;
}

/** As {@link sharedWork}; ranks are told of with their machines. */
export function together<T>(member: Member, work: () => Promise<T> | T): Promise<T> {
  return sharedWork(member.ranks, work, (rank) => nameOf(member, rank));
}

/** Says nothing. */
function silent(context: Context): Context {
  const target = { write: () => {}, isTerminal: false, columns: () => 80, now: () => 0 };
  return { ...context, print: () => {}, emit: () => {}, progress: new Progress(target) };
}

/** Who trains together, and what each has of a batch, in lines for a person. */
export function describeJointTraining(
  { ranks: { size, description }, hosts }: Member,
  { batchSize, shards }: Pick<DataConfig, "batchSize" | "shards">,
): string {
  const byHost = Map.groupBy(hosts.keys(), (rank) => hosts[rank]);
  const places = [...byHost].map(([host, ranks]) => `${ranksOf(ranks)} on ${host}`);
  const own = Number(shards) / size;
  return `${size} ranks by ${description}${places.length === 0 ? "" : `: ${places.join("; ")}`}; ` +
    `each has ${formatNumberOf(own, "shard")} of ${
      formatNumberOf(batchSize / Number(shards), "image")
    } of every batch` +
    (Number.isInteger(Math.log2(size)) ? "" : (
      `; ${size} are no power of two, so the last bits are not those of another number of ranks`
    ));
}
