/** How many random cases a test draws. */

/** `count` cases, or a multiple of it: the environment's `OVERFOLD_CASES` times as many. */
export function randomCount(count: number): number {
  return count * Number(Deno.env.get("OVERFOLD_CASES") ?? 1);
}
