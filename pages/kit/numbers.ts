/** Number formats of charts and tables. */
import { formatPercent } from "../../reporting/format.ts";

/** A number format. */
export type NumberFormat = (value: number) => string;

/** With up to `digits` significant digits: `0.1234`, `1.2e-7`, `12,345`. */
export function formatNumber(value: number, digits = 4): string {
  const magnitude = Math.abs(value);
  if (!Number.isFinite(value)) return "–";
  if (magnitude >= 1e4 && magnitude < 1e15) return Math.round(value).toLocaleString("en-US");
  if (value !== 0 && (magnitude < 1e-4 || magnitude >= 1e15)) {
    return value.toExponential(Math.min(2, digits - 1)).replace(/\.?0+e/, "e");
  }
  return String(Number(value.toPrecision(digits)));
}

/** A share in percent, without trailing zeros: `97.5 %`. */
export const formatShortShare: NumberFormat = (share) =>
  `${Number((100 * share).toPrecision(4))} %`;

/** The format of values with a unit, such as those of a metric. */
export function formatOf({ unit }: { readonly unit: "share" | "number" }): NumberFormat {
  return unit === "share" ? formatPercent : formatNumber;
}

/** The same for the ticks of an axis. */
export function ticksOf({ unit }: { readonly unit: "share" | "number" }): NumberFormat {
  return unit === "share" ? formatShortShare : formatNumber;
}
