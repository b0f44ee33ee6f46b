/** The data of a comparison's page, as plain JSON. */
import type { Comparison, Curves } from "../../comparison/comparison.ts";

/** All of it. */
export interface ComparisonData {
  readonly comparison: Comparison;
  readonly verdicts: readonly string[];
  readonly curves: readonly Curves[];
  /** The config of the baseline, as YAML. */
  readonly config: string;
  /** The command that repeats the comparison. */
  readonly command: string;
}
