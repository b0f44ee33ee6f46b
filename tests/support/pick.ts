import type { RandomStream } from "../../graph/random.ts";

/** One of the items. */
export function pick<T>(items: readonly T[], random: RandomStream): T {
  return items[random.integer(items.length)];
}
