/** Numbers in charts and tables. */
import { formatPercent } from "../../reporting/format.ts";

/** How numbers are shown. */
export type NumberFormat = (value: number) => string;

/** With `digits` significant digits, as short as that is: `0.1234`, `1.2e-7`, `12,345`. */
export function formatNumber(value: number, digits = 4): string {
  const magnitude = Math.abs(value);
  if (!Number.isFinite(value)) return "–";
  if (magnitude >= 1e4 && magnitude < 1e15) return Math.round(value).toLocaleString("en-US");
  if (value !== 0 && (magnitude < 1e-4 || magnitude >= 1e15)) {
    return value.toExponential(Math.min(2, digits - 1)).replace(/\.?0+e/, "e");
  }
  return String(Number(value.toPrecision(digits)));
}

/** A share in percent, as short as it is: `97.5 %`. */
export const formatShortShare: NumberFormat = (share) =>
  `${Number((100 * share).toPrecision(4))} %`;

/** A share as a number of percent: `97.50 %`. */
export const formatShare: NumberFormat = formatPercent;
