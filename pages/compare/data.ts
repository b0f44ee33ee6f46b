/** What the page of a comparison shows. */
import type { Comparison, Curves } from "../../comparison/comparison.ts";

/** All of it, as plain JSON. */
export interface ComparisonData {
  readonly comparison: Comparison;
  /** What it says, in sentences. */
  readonly verdicts: readonly string[];
  readonly curves: readonly Curves[];
  /** The config of the baseline, as YAML. */
  readonly config: string;
  /** The command that repeats it. */
  readonly command: string;
}
