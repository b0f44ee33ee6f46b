/** The configs of the runs: their differences, and all keys. */
/// <reference lib="dom" />
import { element, section } from "../kit/dom.ts";
import { type Column, dataTable } from "../kit/table.ts";
import type { RunData } from "./data.ts";
import { differingKeys } from "./groups.ts";

/** Tables of both. */
export function configs(runs: readonly RunData[]): HTMLElement {
  const keys = [...new Set(runs.flatMap(({ config }) => Object.keys(config)))];
  // The name is the folder's, which the column's heading shows.
  const differing = differingKeys(runs).filter((key) => key !== "name");
  const key = { title: "key", value: (key: string) => key };
  const ofEach: Column<string>[] = runs.map((run) => ({
    title: run.name,
    value: (key) => run.config[key] ?? null,
  }));
  const common: Column<string> = {
    title: "value",
    value: (key) => differing.includes(key) ? "differs" : runs[0].config[key],
  };
  return section(
    "config",
    "Config",
    runs.length === 1 ? undefined : dataTable({
      caption: "Keys in which the runs differ",
      columns: [key, ...ofEach],
      rows: differing,
    }),
    element(
      "details",
      {},
      element("summary", {}, "All keys"),
      dataTable({
        caption: "Every key, with every default",
        columns: [key, common],
        rows: keys,
        most: Infinity,
        isSearched: true,
      }),
    ),
  );
}
