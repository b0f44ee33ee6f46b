/** Tests run `OVERFOLD_CASES` times as many random cases (an environment variable, default 1). */
const factor = Number(Deno.env.get("OVERFOLD_CASES") ?? 1);

/** Whether more cases are requested. Then slow cases that rarely find more run, too. */
export const isThorough = factor > 1;

/** `count` random cases, or the requested multiple of it. */
export function randomCount(count: number): number {
  return count * factor;
}
