/**
 * Steps whose batch is cut into shards, each normalised by its own statistics. Their contributions are
 * added up in one order (`additions` of `ranks/ordered_sum.ts`), whether one rank computes them all or
 * several a part each: where ranks are a power of two, how many there are changes no bit.
 *
 * A rank's shards follow each other. What it has added up of them waits in a stack of variables, as
 * many as the order needs: for 8 shards, 3.
 */
import type { Executable } from "../backends/backend.ts";
import { readVariable, trace, updateVariable } from "../graph/trace.ts";
import type { Program } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { additions } from "../ranks/ordered_sum.ts";
import { ALONE, type Ranks } from "../ranks/ranks.ts";
import type { ResolvedRecipe } from "./recipe.ts";
import { CONTRIBUTION, contributionVariable } from "./variables.ts";

/** Puts the contribution aside, and adds what waits to it, at a level of the stack. */
const NAMES = {
  keep: (level: number) => `contribution.keep.${level}`,
  add: (level: number) => `contribution.add.${level}`,
} as const;

/** Into how many shards the batches of a training are cut. */
export interface Sharding {
  /** Default 1. */
  readonly shards?: number;
  /** Those that compute them, each as many. Default: this process alone. */
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

/** How many sums wait at once while `shards` contributions are added up. */
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
  /** How many of a step's shards are this rank's, and how many are before them. */
  readonly #own: number;
  readonly #before: number;
  /** Sums that wait. */
  #waiting = 0;
  #contribution: Float32Array | undefined;

  /** @param sharding how many shards a step has, and who computes them. Default: this rank all */
  constructor(
    private readonly executable: Executable,
    { shards = 1, ranks = ALONE }: Sharding,
  ) {
    this.#ranks = ranks;
    this.#own = shards / ranks.size;
    this.#before = ranks.rank * this.#own;
  }

  /**
   * Adds a contribution that has been computed to those before.
   *
   * @param shard which of the step's shards it is of
   * @param present how many shards the step has: the last of an epoch may have fewer
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
   * Adds up what the ranks have, so that each has the sum of all. Undefined for one that is alone.
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
