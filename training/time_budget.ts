/** Parses how long a training may take. */
import { z } from "../schema/entry.ts";

/** Seconds in each unit. */
const UNITS: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1 };

/** One number with its unit. */
const PART = /(\d+(?:\.\d+)?)([dhms])/g;

/** A time such as `90m`, `1h30m` or `1.5h`, or a number of seconds. */
export const timeBudgetSchema = z.union([
  z.number().positive(),
  z.string().refine((text) => secondsOf(text) > 0, {
    error: ({ input }) =>
      `found "${input}", expected a time such as 90m, 1h30m or 1.5h, or a number of seconds`,
  }),
]).describe(
  "Stop after the present step when this time is over, such as 2h or 1h30m; --resume continues",
).meta({ resume: "free" });

/** A time in seconds; NaN for an invalid text. */
export function secondsOf(time: number | string): number {
  if (typeof time === "number") return time;
  const parts = [...time.matchAll(PART)];
  if (parts.map(([part]) => part).join("") !== time) return NaN;
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit], 0);
}
