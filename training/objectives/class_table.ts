/** The table of classes in the report of an evaluation. */
import { formatCount, formatPercent, formatTable } from "../../reporting/format.ts";

/** Number of classes in the table; a report's details have all. */
const SHOWN_CLASSES = 20;

/**
 * How well each class is recognized; if there are many, the classes with the worst last column.
 *
 * @param columns the headings of shares by their keys; NaN is shown as a dash
 */
export function classTable<K extends string>(
  classes:
    readonly ({ readonly name: string; readonly count: number } & Record<NoInfer<K>, number>)[],
  columns: Readonly<Record<K, string>>,
): string {
  const keys = Object.keys(columns) as K[];
  const last = keys[keys.length - 1];
  const few = classes.length <= SHOWN_CLASSES;
  const shown = few ? classes : classes.filter(({ count }) => count > 0)
    .sort((a, b) => a[last] - b[last]).slice(0, SHOWN_CLASSES);
  const heading = few ? "class" : `worst ${shown.length} of ${classes.length} classes`;
  return formatTable([
    [heading, "images", ...keys.map((key) => columns[key])],
    ...shown.map((one) => [
      one.name,
      formatCount(one.count),
      ...keys.map((key) => Number.isNaN(one[key]) ? "–" : formatPercent(one[key])),
    ]),
  ], ["left", ...Array(1 + keys.length).fill("right")]);
}
