/** The number of shards per batch, and checks of it. */
import { InputError } from "../errors.ts";
import { formatNumberOf } from "../reporting/format.ts";
import { z } from "../schema/entry.ts";
import type { Ranks } from "../ranks/ranks.ts";

/** `shards` of what trains. */
export const shardsSchema = z.union([z.literal("auto"), z.int().min(1)]).default("auto").describe(
  "Parts into which each batch is divided: batch norm sees one at a time, their gradients are added, and " +
    "only one is in memory. Results depend on the number of shards, not on how many machines share " +
    "them; auto: one per rank that starts the run",
);

interface ShardOptions {
  readonly shards: z.output<typeof shardsSchema>;
  /** Images in a whole batch. */
  readonly batchSize: number;
  /** Consecutive batches per step. */
  readonly accumulate: number;
}

/**
 * The number of shards. Throws InputError, `at` the option, if it does not divide the batch, the
 * ranks do not divide it, or a step has several consecutive batches.
 */
export function shardCount(
  { shards, batchSize, accumulate }: ShardOptions,
  { size }: Pick<Ranks, "size">,
): number {
  const count = shards === "auto" ? size : shards;
  const at = [shards === "auto" ? "batchSize" : "shards"];
  if (accumulate > 1 && count > 1) {
    throw new InputError(
      `batches are cut into ${count} shards, and accumulate makes a step of ${accumulate} batches; one ` +
        `of them does: leave accumulate out and write batchSize: ${batchSize * accumulate} with ` +
        `shards: ${accumulate * count}`,
      { at },
    );
  }
  if (count % size !== 0) {
    throw new InputError(
      `${size} ranks cannot share ${formatNumberOf(count, "shard")} evenly; start ` +
        `${divisorsOf(count).join(" or ")} of them, or write shards: ` +
        nearestMultiples(count, size).join(" or "),
      { at },
    );
  }
  if (batchSize % count === 0) return count;
  const others = shards === "auto" ? [] : nearestDivisors(batchSize, count, size);
  throw new InputError(
    `a batch of ${
      formatNumberOf(batchSize, "image")
    } cannot be cut into ${count} shards of one size; ` +
      `write batchSize: ${nearestMultiples(batchSize, count).join(" or ")}` +
      (others.length === 0 ? "" : `, or shards: ${others.join(" or ")}`),
    { at },
  );
}

/** The multiples next to a number. */
function nearestMultiples(number: number, of: number): number[] {
  const below = Math.floor(number / of) * of;
  return [below, below + of].filter((multiple) => multiple > 0);
}

/** Those that are multiples of `size`, next to `near`. */
function nearestDivisors(number: number, near: number, size: number): number[] {
  const fit = divisorsOf(number).filter((divisor) => divisor % size === 0);
  const [below, above] = [fit.findLast((one) => one < near), fit.find((one) => one > near)];
  return [below, above].filter((one) => one !== undefined);
}

function divisorsOf(number: number): number[] {
  return Array.from({ length: number }, (_, i) => i + 1).filter((one) => number % one === 0);
}
