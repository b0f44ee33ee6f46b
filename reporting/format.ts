/** Formats numbers, durations and tables for people. */
import { spellName } from "./controls.ts";

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A size in bytes with a binary unit: `512 B`, `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  while (bytes >= 1023.95 && unit < BYTE_UNITS.length - 1) {
    bytes /= 1024;
    unit++;
  }
  return `${unit === 0 ? bytes : bytes.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** A duration given in seconds: `85 ms`, `4.2 s`, `3 min 05 s`, `2 h 07 min`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${twoDigits(whole % 60)} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`;
}

/** An integer with thousands separators: `11,689,512`. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** A count with its noun, in the plural if needed: `1 image`, `1,200 images`. */
export function formatNumberOf(count: number, what: string): string {
  return `${formatCount(count)} ${what}${count === 1 ? "" : "s"}`;
}

/** A number with an SI prefix and three digits: `41.2 M`, `253 k`. */
export function formatSi(value: number): string {
  for (const [prefix, factor] of [["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]] as const) {
    if (Math.abs(value) >= factor) return `${Number((value / factor).toPrecision(3))} ${prefix}`;
  }
  return `${Number(value.toPrecision(3))}`;
}

/** A share as a percentage with two decimals: `99.12 %`. */
export function formatPercent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

/** How a column of a table is aligned. */
type Alignment = "left" | "right";

/**
 * Formats rows of cells as lines with columns two spaces apart. The first row is the heading; columns
 * are left-aligned by default.
 */
export function formatTable(
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[] = [],
): string {
  const widths: number[] = [];
  const table = rows.map((row) => row.map(spellName));
  for (const row of table) {
    row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  }
  return table.map((row) =>
    row.map((cell, i) =>
      alignments[i] === "right" ? cell.padStart(widths[i]) : cell.padEnd(widths[i])
    ).join("  ").trimEnd()
  ).join("\n");
}

/** A text with its first letter in upper case. */
export function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** A text in lines of at most `width` columns, broken between words. */
export function wrapText(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    if (last === "") lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}

/** A text, shortened to its first `most` characters with its total length. */
export function abridged(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most)}… (${formatCount(text.length)} characters)`;
}

/** The first `count` names of a list, and whether there are more. */
export function someOf(names: readonly string[], count = 5): string {
  return [...names.slice(0, count), ...(names.length > count ? ["…"] : [])].join(", ");
}
