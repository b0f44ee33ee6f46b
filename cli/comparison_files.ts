/** What `overfold compare` prints of a comparison, and the files that it writes. */

import { join } from "@std/path";
import type { Comparison } from "../comparison/comparison.ts";
import {
  type Caption,
  comparisonCsv,
  comparisonJson,
  comparisonMarkdown,
} from "../comparison/formats.ts";
import { tablesOf } from "../comparison/tables.ts";
import { verdictsOf } from "../comparison/verdict.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { formatTable } from "../reporting/format.ts";
import type { Context } from "./command.ts";
import { checkOutput } from "./output.ts";

/** The text of each file by its ending. */
const FORMATS: Readonly<Record<string, (comparison: Comparison, caption: Caption) => string>> = {
  ".json": comparisonJson,
  ".csv": comparisonCsv,
  ".md": comparisonMarkdown,
};

const pathOf = (folder: string, ending: string) => join(folder, `comparison${ending}`);

/** Throws as {@link checkOutput} where the files of a comparison could not be written. */
export async function checkComparisonFiles(
  folder: string,
  inputs: readonly string[],
): Promise<void> {
  for (const ending of Object.keys(FORMATS)) {
    await checkOutput(pathOf(folder, ending), inputs, ending);
  }
}

/** Writes a comparison into a folder, in every format. */
export async function writeComparison(
  folder: string,
  comparison: Comparison,
  caption: Caption,
  { print }: Pick<Context, "print">,
): Promise<void> {
  for (const [ending, format] of Object.entries(FORMATS)) {
    await writeFileAtomic(pathOf(folder, ending), format(comparison, caption));
  }
  const [first, ...others] = Object.keys(FORMATS);
  print(`\nwritten: ${pathOf(folder, first)}, ${others.join(", ")}`);
}

/** Prints tables and what they say. */
export function showComparison(comparison: Comparison, { print, emit }: Context): void {
  for (const { title, rows } of tablesOf(comparison)) {
    print(`\n${title}\n${formatTable(rows, rows[0].map((_, i) => i === 0 ? "left" : "right"))}`);
  }
  const verdicts = verdictsOf(comparison);
  if (verdicts.length > 0) print(`\n${verdicts.join("\n")}`);
  emit({ event: "comparison", ...comparison });
}
