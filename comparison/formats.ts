/** The file formats of a comparison: JSON, CSV and Markdown. */

import { stringify } from "@std/csv";
import { spellName } from "../reporting/controls.ts";
import type { Comparison, RunSummary } from "./comparison.ts";
import { tablesOf } from "./tables.ts";
import { verdictsOf } from "./verdict.ts";

/** The heading of a comparison. */
export interface Caption {
  readonly title: string;
  /** The command that repeats it. */
  readonly command: string;
}

/** The whole comparison for programs. */
export function comparisonJson(comparison: Comparison, caption: Caption): string {
  return `${JSON.stringify({ ...caption, ...comparison }, null, 2)}\n`;
}

/** One row per run, for spreadsheets and statistics programs. */
export function comparisonCsv({ variants, metrics, runs, diverged }: Comparison): string {
  const keys = variants[0].settings.map(({ key }) => key);
  const targets = variants[0].reached.map(({ target }) => target);
  const heading = [
    ...["variant", ...keys, "seed", "status", "epochs"],
    ...metrics.map(({ name }) => name),
    ...["seconds", "imagesPerSecond", "memory"],
    ...targets.flatMap((target) => [`epochs to ${target}`, `seconds to ${target}`]),
    "run",
  ];
  const startOf = (run: Pick<RunSummary, "variant" | "seed">) => {
    const { settings } = variants.find(({ name }) => name === run.variant)!;
    return [run.variant, ...settings.map(({ value }) => value), run.seed];
  };
  const rows = runs.map((run) => [
    ...[...startOf(run), "done", run.epochs],
    ...metrics.map(({ name }) => run.values[name]),
    ...[run.seconds, run.imagesPerSecond, run.memory],
    ...run.reached.flatMap(({ epoch, seconds }) => [epoch, seconds]),
    run.path,
  ]);
  const lost = diverged.map((run) => {
    const start = [...startOf(run), "diverged"];
    return [...start, ...Array(heading.length - start.length - 1).fill(null), run.path];
  });
  return stringify([heading, ...[...rows, ...lost].map((row) => row.map(cellOf))]);
}

/** Null becomes an empty cell; values other than text and numbers become JSON. */
function cellOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The tables and verdicts, for people. */
export function comparisonMarkdown(comparison: Comparison, { title, command }: Caption): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(" | ")} |\n`;
  const tables = tablesOf(comparison).map(({ title, rows: [heading, ...rows] }) =>
    `${escaped(title)}:\n\n${line(heading)}| --- |${" ---: |".repeat(heading.length - 1)}\n` +
    rows.map(line).join("")
  );
  return [
    `# ${escaped(title)}\n`,
    verdictsOf(comparison).map((text) => `- ${escaped(text)}\n`).join(""),
    ...tables,
    `\`\`\`sh\n${command}\n\`\`\`\n`,
  ].filter((part) => part !== "").join("\n");
}

/** A text with Markdown's special characters escaped. */
function escaped(text: string): string {
  return spellName(text).replace(/[\\`*_|<>[\]]/g, "\\$&");
}
