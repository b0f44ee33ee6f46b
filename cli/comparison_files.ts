/** What `overfold compare` prints, and the files it writes. */

import { join } from "@std/path";
import type { Comparison } from "../comparison/comparison.ts";
import {
  type Caption,
  comparisonCsv,
  comparisonJson,
  comparisonMarkdown,
} from "../comparison/formats.ts";
import { curvesOf } from "../comparison/curves.ts";
import type { VariantRun } from "../comparison/summary.ts";
import { tablesOf } from "../comparison/tables.ts";
import { verdictsOf } from "../comparison/verdict.ts";
import { formatConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import type { ComparisonData } from "../pages/compare/data.ts";
import { pageHtml } from "../pages/page.ts";
import { formatTable } from "../reporting/format.ts";
import type { Context } from "./command.ts";
import { checkOutput } from "./output.ts";

interface ShownComparison {
  readonly runs: readonly VariantRun[];
  readonly comparison: Comparison;
  readonly caption: Caption;
  /** The config of a run of the baseline. */
  readonly config: Config;
}

/** The text of each file by its extension; the page last because it needs a bundler. */
const FORMATS: Readonly<Record<string, (shown: ShownComparison) => string | Promise<string>>> = {
  ".json": ({ comparison, caption }) => comparisonJson(comparison, caption),
  ".csv": ({ comparison }) => comparisonCsv(comparison),
  ".md": ({ comparison, caption }) => comparisonMarkdown(comparison, caption),
  ".html": comparisonPage,
};

const pathOf = (folder: string, ending: string) => join(folder, `comparison${ending}`);

/** Throws as {@link checkOutput} if the files of a comparison could not be written. */
export async function checkComparisonFiles(
  folder: string,
  inputs: readonly string[],
): Promise<void> {
  for (const ending of Object.keys(FORMATS)) {
    await checkOutput(pathOf(folder, ending), inputs, ending);
  }
}

/** Writes a comparison to a folder, in every format. */
export async function writeComparison(
  folder: string,
  shown: ShownComparison,
  { print }: Pick<Context, "print">,
): Promise<void> {
  for (const [ending, format] of Object.entries(FORMATS)) {
    await writeFileAtomic(pathOf(folder, ending), await format(shown));
  }
  const [first, ...others] = Object.keys(FORMATS);
  print(`\nwritten: ${pathOf(folder, first)}, ${others.join(", ")}`);
}

function comparisonPage(
  { runs, comparison, caption, config }: ShownComparison,
): Promise<string> {
  const data: ComparisonData = {
    comparison,
    verdicts: verdictsOf(comparison),
    curves: curvesOf(runs, comparison.metrics),
    config: formatConfig(config),
    command: caption.command,
  };
  return pageHtml({ title: caption.title, page: "compare", data });
}

/** Prints the tables and their verdicts. */
export function showComparison(comparison: Comparison, { print, emit }: Context): void {
  for (const { title, rows } of tablesOf(comparison)) {
    print(`\n${title}\n${formatTable(rows, rows[0].map((_, i) => i === 0 ? "left" : "right"))}`);
  }
  const verdicts = verdictsOf(comparison);
  if (verdicts.length > 0) print(`\n${verdicts.join("\n")}`);
  emit({ event: "comparison", ...comparison });
}
