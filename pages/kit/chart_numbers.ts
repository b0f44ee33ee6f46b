/** The numbers of a chart: as a table, and as downloads. */
/// <reference lib="dom" />
import type { ChartOptions, Series } from "./chart_options.ts";
import { button, element } from "./dom.ts";
import { type Cell, dataTable } from "./table.ts";

/** Most rows of a table; the file has all. */
const MAX_ROWS = 500;

/** The table, filled when it is opened. */
export function numbersTable(
  { title, x, y }: Omit<ChartOptions, "series">,
  series: () => readonly Series[],
): HTMLElement {
  const summary = element("summary", {}, "Numbers");
  const details = element("details", {}, summary);
  details.addEventListener("toggle", () => {
    if (!details.open) return;
    const { titles, rows } = rowsOf(x.label, series());
    const columns = titles.map((title, i) => ({
      title,
      value: (row: readonly Cell[]) => row[i],
      format: (i === 0 ? x : y).format,
    }));
    details.replaceChildren(
      summary,
      dataTable({ caption: title, columns, rows: rows.slice(0, MAX_ROWS), most: MAX_ROWS }),
    );
    if (rows.length > MAX_ROWS) {
      details.append(
        element("p", {}, `The first ${MAX_ROWS} of ${rows.length} rows; the CSV file has all.`),
      );
    }
  });
  return details;
}

/** Buttons that save the numbers and the image. */
export function downloads(
  { title, x }: Omit<ChartOptions, "series">,
  series: () => readonly Series[],
  picture: () => Promise<HTMLCanvasElement | undefined>,
): HTMLElement {
  const name = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");
  return element(
    "p",
    { class: "downloads" },
    button("Save CSV", () => {
      const { titles, rows } = rowsOf(x.label, series());
      const lines = [titles, ...rows].map((row) => row.map(csvCell).join(","));
      save(`${name}.csv`, new Blob([lines.join("\r\n"), "\r\n"], { type: "text/csv" }));
    }),
    button("Save PNG", async () => {
      const canvas = await picture();
      canvas?.toBlob((blob) => blob && save(`${name}.png`, blob));
    }),
  );
}

/** One row for each x of any series. */
function rowsOf(
  label: string,
  series: readonly Series[],
): { titles: string[]; rows: Cell[][] } {
  const columns = series.flatMap(({ name, x, y, band }) => [
    { title: name, values: byPlace(x, y) },
    ...(band
      ? [
        { title: `${name}, low`, values: byPlace(x, band.low) },
        { title: `${name}, high`, values: byPlace(x, band.high) },
      ]
      : []),
  ]);
  const places = [...new Set(series.flatMap(({ x }) => x))].sort((a, b) => a - b);
  return {
    titles: [label, ...columns.map(({ title }) => title)],
    rows: places.map((place) => [
      place,
      ...columns.map(({ values }) => values.get(place) ?? null),
    ]),
  };
}

function byPlace(
  x: readonly number[],
  values: readonly (number | null)[],
): Map<number, number | null> {
  return new Map(x.map((place, i) => [place, values[i]]));
}

function csvCell(cell: Cell): string {
  if (cell === null) return "";
  return typeof cell === "number" ? String(cell) : `"${cell.replaceAll('"', '""')}"`;
}

function save(name: string, blob: Blob): void {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
