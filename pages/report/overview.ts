/** An overview of the runs, and how to repeat them. */
/// <reference lib="dom" />
import { commandLine, type Content, element, facts, section } from "../kit/dom.ts";
import { formatOf } from "../kit/numbers.ts";
import { type Column, dataTable } from "../kit/table.ts";
import { formatBytes } from "../../reporting/format.ts";
import type { RunData, ShownMetric } from "./data.ts";
import type { RunGroup } from "./groups.ts";
import { sharedMissing } from "./missing.ts";
import { lineOf, ofChosenRun } from "./selection.ts";

/** The metrics of all runs, by name. */
export function metricsOf(runs: readonly RunData[]): [name: string, metric: ShownMetric][] {
  return [...new Map(runs.flatMap(({ metrics }) => Object.entries(metrics)))];
}

/** A table of the runs. */
export function overview(runs: readonly RunData[], groups: readonly RunGroup[]): HTMLElement {
  const metrics = metricsOf(runs);
  const columns: Column<RunData>[] = [
    { title: "run", value: ({ name }) => name },
    ...(groups.length > 1 && groups.length < runs.length
      ? [{
        title: "group",
        value: (run: RunData) => groups.find(({ runs }) => runs.includes(run))?.name ?? null,
      }]
      : []),
    { title: "seed", value: ({ config }) => Number(config.seed) },
    { title: "status", value: ({ status }) => status },
    { title: "best epoch", value: ({ best }) => best?.epoch ?? null },
    ...metrics.filter(([name]) => runs.some(({ best }) => typeof best?.values[name] === "number"))
      .map(([name, metric]) => ({
        title: metric.title,
        value: ({ best }: RunData) => best?.values[name] ?? null,
        format: formatOf(metric),
      })),
  ];
  const caption = "Validation of each run's best epoch";
  return section(
    "runs",
    "Runs",
    dataTable({ caption, columns, rows: runs, isSearched: runs.length > 10 }),
    ...missingLines(runs),
  );
}

function missingLines(runs: readonly RunData[]): Content[] {
  return sharedMissing(runs).map(({ of, ...missing }) => {
    const line = lineOf(missing);
    return element("p", { class: "problem" }, runs.length === 1 ? line : `${of}: ${line}`);
  });
}

/** A run's environment, its files and the command that repeats it. */
export function environment(runs: readonly RunData[]): HTMLElement {
  return section(
    "environment",
    "Environment and files",
    ofChosenRun(runs, ({ environment, files, folder, command }) => [
      facts([["Folder", folder], ...environment]),
      element("h3", {}, "Repeat it"),
      commandLine(command),
      dataTable({
        caption: "Files",
        columns: [
          { title: "file", value: ({ name }) => name },
          { title: "size", value: ({ bytes }) => bytes, format: formatBytes },
        ],
        rows: files,
      }),
    ]),
  );
}
