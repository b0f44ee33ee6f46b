/** How much tests do: the environment's `OVERFOLD_CASES` times as many random cases (default 1). */
const factor = Number(Deno.env.get("OVERFOLD_CASES") ?? 1);

/** Whether more cases are asked for, and with them those that take long and seldom show more. */
export const isThorough = factor > 1;

/** `count` random cases, or the multiple of it that is asked for. */
export function randomCount(count: number): number {
  return count * factor;
}
