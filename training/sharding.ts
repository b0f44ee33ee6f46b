/**
 * Steps whose batch is divided into shards, each normalized by its own statistics. Their
 * contributions are added in a fixed order (`additions` of `ranks/ordered_sum.ts`), whether one
 * rank computes all of them or several a part each: if the number of ranks is a power of two, it
 * changes no bit.
 *
 * A rank's shards are contiguous. Their partial sums are kept in a stack of variables, as deep as
 * the order needs: 3 for 8 shards.
 */
import type { Executable } from "../backends/backend.ts";
import { readVariable, trace, updateVariable } from "../graph/trace.ts";
import type { Program } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { additions } from "../ranks/ordered_sum.ts";
import { ALONE, type Ranks } from "../ranks/ranks.ts";
import type { ResolvedRecipe } from "./recipe.ts";
import { CONTRIBUTION, contributionVariable } from "./variables.ts";

/** Stores the contribution at a level of the stack, or adds the stored one to it. */
const NAMES = {
  keep: (level: number) => `contribution.keep.${level}`,
  add: (level: number) => `contribution.add.${level}`,
} as const;

/** How the batches of a training are divided into shards. */
export interface Sharding {
  /** Default 1. */
  readonly shards?: number;
  /** The ranks that compute them, each the same number. Default: this process alone. */
  readonly ranks?: Ranks;
}

/** The programs that add up the contributions of `shards` shards of one rank. */
export function summingPrograms(recipe: ResolvedRecipe, shards: number): Program[] {
  const contribution = contributionVariable(recipe);
  const { size } = contribution;
  return Array.from({ length: stackSize(shards) }, (_, level) => {
    const waiting = { name: `${CONTRIBUTION}.${level}`, size };
    const read = (variable: string) => readVariable(variable, 0, [size]);
    const program = (name: string, build: () => void) =>
      trace({ name, variables: [contribution, waiting] }, build);
    return [
      program(NAMES.keep(level), () => updateVariable(waiting.name, 0, read(CONTRIBUTION))),
      program(NAMES.add(level), () => {
        updateVariable(CONTRIBUTION, 0, add(read(waiting.name), read(CONTRIBUTION)));
      }),
    ];
  }).flat();
}

/** Number of stored sums while `shards` contributions are added up. */
function stackSize(shards: number): number {
  const order = additions(shards);
  let [waiting, most] = [0, 0];
  for (let shard = 0; shard < shards - 1; shard++) {
    waiting += 1 - order.filter(({ after }) => after === shard).length;
    most = Math.max(most, waiting);
  }
  return most;
}

/** Adds up the contributions of a step. */
export class ShardSum {
  readonly #ranks: Ranks;
  /** The number of this rank's shards of a step, and of those before them. */
  readonly #own: number;
  readonly #before: number;
  /** Stored sums. */
  #waiting = 0;
  #contribution: Float32Array | undefined;

  /**
   * @param sharding the number of shards per step, and the ranks that compute them. Default: all by
   * this rank
   */
  constructor(
    private readonly executable: Executable,
    { shards = 1, ranks = ALONE }: Sharding,
  ) {
    this.#ranks = ranks;
    this.#own = shards / ranks.size;
    this.#before = ranks.rank * this.#own;
  }

  /**
   * Adds a computed contribution to those before.
   *
   * @param shard index of its shard in the step
   * @param present number of shards in the step: the last of an epoch may have fewer
   */
  add(shard: number, present: number): Promise<unknown> {
    const [own, last] = [shard - this.#before, Math.min(this.#own, present - this.#before) - 1];
    if (own === 0) this.#waiting = 0;
    const runs = additions(this.#own, last + 1).filter(({ after }) => after === own)
      .map(() => NAMES.add(--this.#waiting));
    if (own < last) runs.push(NAMES.keep(this.#waiting++));
    return Promise.all(runs.map((name) => this.executable.run(name, {})));
  }

  /**
   * Adds the sums of all ranks, so that each has the total. Undefined for a single rank.
   *
   * @param present as of {@link ShardSum.add}
   */
  exchange(present: number): Promise<void> | undefined {
    return this.#ranks.size === 1 ? undefined : this.#exchange(Math.ceil(present / this.#own));
  }

  async #exchange(contributors: number): Promise<void> {
    const sum = this.#contribution = await this.executable.read(CONTRIBUTION, this.#contribution);
    await this.#ranks.sum(sum, contributors);
    this.executable.write(CONTRIBUTION, sum);
  }
}
