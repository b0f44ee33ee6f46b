/** Which classes are recognized, and which are confused. */
/// <reference lib="dom" />
import { type Content, element, facts, remark, section } from "../kit/dom.ts";
import { dataTable } from "../kit/table.ts";
import { formatCount, formatPercent } from "../../reporting/format.ts";
import type { EvaluationData, RunData } from "./data.ts";
import { absent, EVALUATION, ofChosenRun } from "./selection.ts";

/** Most classes for which a matrix is readable. */
const MAX_IN_MATRIX = 30;

/** Most confusions in the table. */
const MAX_CONFUSIONS = 500;

/** Results, the table of classes and the confusion matrix. */
export function classes(runs: readonly RunData[]): HTMLElement {
  return section(
    "classes",
    "Evaluation and classes",
    ofChosenRun(runs, (run) => {
      const { evaluation } = run;
      if (!evaluation) return [absent(run, ...EVALUATION)];
      return [
        remark(evaluation.about),
        facts(evaluation.results),
        perClass(evaluation),
        ...confusions(evaluation),
      ];
    }),
  );
}

function perClass({ classNames, perClass: { columns, rows } }: EvaluationData): HTMLElement {
  return dataTable({
    caption: "Classes",
    columns: [
      { title: "class", value: (row: number) => classNames[row] },
      ...columns.map(({ title, unit }, i) => ({
        title,
        value: (row: number) => rows[row][i],
        format: unit === "share" ? formatPercent : formatCount,
      })),
    ],
    rows: rows.map((_, i) => i),
    isSearched: rows.length > 20,
  });
}

function confusions({ classNames, confusion }: EvaluationData): Content[] {
  if (!confusion) return [];
  const totals = classNames.map(() => 0);
  for (const [label, , count] of confusion) totals[label] += count;
  const wrong = confusion.filter(([label, predicted]) => label !== predicted);
  const table = dataTable({
    caption: "Confusions, the most frequent first",
    columns: [
      { title: "class", value: ([label]) => classNames[label] },
      { title: "predicted as", value: ([, predicted]) => classNames[predicted] },
      { title: "images", value: ([, , count]) => count, format: formatCount },
      {
        title: "share of the class",
        value: ([label, , count]) => count / totals[label],
        format: formatPercent,
      },
    ],
    rows: wrong.slice(0, MAX_CONFUSIONS),
    most: 10,
  });
  return [
    element("h3", {}, "Confusion matrix"),
    classNames.length <= MAX_IN_MATRIX
      ? matrix(classNames, confusion, totals)
      : picture(classNames, confusion, totals),
    remark(
      "Rows are true classes, columns predicted classes. Blue is correct, the darker the larger the share " +
        "of the class; orange is wrong, the darker the closer to the largest share of errors.",
    ),
    table,
  ];
}

type Cells = NonNullable<EvaluationData["confusion"]>;

/** The largest share of a class that is confused with another. */
function worstShare(cells: Cells, totals: readonly number[]): number {
  return cells.reduce(
    (most, [label, predicted, count]) =>
      label === predicted ? most : Math.max(most, count / totals[label]),
    0,
  );
}

function matrix(
  classNames: readonly string[],
  cells: Cells,
  totals: readonly number[],
): HTMLElement {
  const worst = worstShare(cells, totals);
  const counts = new Map(
    cells.map(([label, predicted, count]) => [`${label} ${predicted}`, count]),
  );
  const rows = classNames.map((name, label) => {
    const row = classNames.map((other, predicted) => {
      const count = counts.get(`${label} ${predicted}`) ?? 0;
      const share = count / totals[label];
      const strength = label === predicted ? share : share / worst;
      const cell = element(
        "td",
        {
          class: label === predicted ? "right" : "wrong",
          title: `${name} predicted as ${other}: ${formatCount(count)}` +
            (count > 0 ? `, ${formatPercent(share)}` : ""),
        },
        count === 0 ? "" : String(count),
      );
      cell.style.setProperty("--strength", `${count === 0 ? 0 : 10 + 90 * strength}%`);
      return cell;
    });
    return element("tr", {}, element("th", { scope: "row" }, name), ...row);
  });
  const head = classNames.map((name) => element("th", { scope: "col" }, element("span", {}, name)));
  return element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Confusion matrix" },
    element(
      "table",
      { class: "matrix" },
      element(
        "caption",
        { class: "unseen" },
        "Confusion matrix: true classes by predicted classes",
      ),
      element("thead", {}, element("tr", {}, element("td"), ...head)),
      element("tbody", {}, ...rows),
    ),
  );
}

/** For many classes: one pixel per pair; the numbers are in the table below. */
function picture(
  { length }: readonly string[],
  cells: Cells,
  totals: readonly number[],
): HTMLElement {
  const worst = worstShare(cells, totals);
  const canvas = element("canvas", {
    class: "matrix-picture",
    role: "img",
    "aria-label": `Confusion matrix of ${length} classes; the tables have its numbers`,
    width: length,
    height: length,
  });
  const image = new ImageData(length, length);
  for (const [label, predicted, count] of cells) {
    const share = count / totals[label];
    const isRight = label === predicted;
    const strength = 0.15 + 0.85 * (isRight ? share : share / worst);
    const colour = isRight ? [47, 110, 230] : [235, 110, 40];
    image.data.set([...colour, 255 * strength], 4 * (label * length + predicted));
  }
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas;
}
