/** A page with every element of the kit. */
import { Chart } from "../../pages/kit/chart.ts";
import { commandLine, facts, section } from "../../pages/kit/dom.ts";
import { pageData, showPage } from "../../pages/kit/layout.ts";
import { dataTable } from "../../pages/kit/table.ts";

/** What the page shows. */
export interface KitData {
  readonly lead: string;
  readonly rows: readonly { readonly name: string; readonly value: number | null }[];
}

const { lead, rows } = pageData<KitData>();
const x = [1, 2, 3, 4];
showPage(lead, [
  section("facts", "Facts", facts([["One", "1"]]), commandLine("overfold help")),
  section(
    "charts",
    "Charts",
    new Chart({
      title: "Loss",
      x: { label: "epoch", isWhole: true },
      y: { label: "loss", log: "offered" },
      isSmoothed: true,
      saysLast: true,
      series: [
        {
          name: "one",
          x,
          y: [4, 3, 2, 1],
          band: { low: [3, 2, 1, 0.5], high: [5, 4, 3, 2] },
        },
        { name: "two", x: [1, 3], y: [8, 6], isDashed: true },
      ],
    }).element,
    new Chart({
      title: "Bars",
      x: { label: "bin" },
      y: { label: "count" },
      series: [{ name: "bars", x, y: [1, 5, 2, 0], style: "bars" }],
    }).element,
  ),
  section(
    "table",
    "Table",
    dataTable({
      caption: "Names and values",
      columns: [
        { title: "name", value: ({ name }: KitData["rows"][number]) => name },
        { title: "value", value: ({ value }: KitData["rows"][number]) => value },
      ],
      rows,
      most: 3,
      isSearched: true,
    }),
  ),
]);
