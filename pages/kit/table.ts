/** Tables that can be sorted by any column, and searched. */
/// <reference lib="dom" />
import { formatCount } from "../../reporting/format.ts";
import { button, type Content, element } from "./dom.ts";
import { formatNumber, type NumberFormat } from "./numbers.ts";

/** What is in a cell: null is a dash. */
export type Cell = number | string | null;

/** A column of rows of a kind. */
export interface Column<Row> {
  readonly title: string;
  /** What it is sorted by, and shown as. */
  value(row: Row): Cell;
  /** Of its numbers. */
  readonly format?: NumberFormat;
  /** What is shown in its place. */
  show?(row: Row): Content;
}

/** A table. */
export interface TableOptions<Row> {
  /** What it is, read out and shown above it. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** Rows that are shown at first; a button shows the rest. Default 25. */
  readonly most?: number;
  /** Whether there is a field to search its rows by any word in them. Default false. */
  readonly isSearched?: boolean;
  /** Whether its rows can be sorted. Default true. */
  readonly isSorted?: boolean;
}

/** The first column names the rows. Numbers are at the right. */
export function dataTable<Row>(
  { caption, columns, rows, most = 25, isSearched, isSorted = true }: TableOptions<Row>,
): HTMLElement {
  const body = element("tbody");
  const kinds = columns.map((column) => isNumeric(column, rows) ? "number" : undefined);
  const heads = columns.map((column, i) => {
    const kind = kinds[i];
    if (!isSorted) return element("th", { scope: "col", class: kind }, column.title);
    const sort = button(column.title, () => sortBy(i));
    return element("th", { scope: "col", class: kind }, sort);
  });
  const rest = button("", () => {
    shownCount = Infinity;
    show();
  }, { class: "rest" });
  const search = element("input", { type: "search", "aria-label": `Search: ${caption}` });
  search.placeholder = "Search";
  search.addEventListener("input", () => show());
  let shownCount = most;
  let order = [...rows];
  show();
  return element(
    "div",
    { class: "table" },
    isSearched ? search : undefined,
    element(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
      element(
        "table",
        {},
        element("caption", {}, caption),
        element("thead", {}, element("tr", {}, ...heads)),
        body,
      ),
    ),
    rest,
  );

  function sortBy(index: number): void {
    const isAscending = heads[index].getAttribute("aria-sort") === "descending";
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[index].setAttribute("aria-sort", isAscending ? "ascending" : "descending");
    order = [...rows].sort((a, b) => {
      const [first, second] = [columns[index].value(a), columns[index].value(b)];
      // What is not there comes last either way.
      if (first === null || second === null) {
        return Number(first === null) - Number(second === null);
      }
      return (isAscending ? 1 : -1) * compare(first, second);
    });
    show();
  }

  function show(): void {
    const words = search.value.toLowerCase().split(/\s+/);
    const found = order.filter((row) => {
      const text = columns.map((column) => shown(column, row)).join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
    body.replaceChildren(
      ...found.slice(0, shownCount).map((row) => {
        const cells = columns.map((column, i) =>
          element(
            i === 0 ? "th" : "td",
            {
              scope: i === 0 ? "row" : undefined,
              class: kinds[i],
            },
            column.show?.(row) ?? shown(column, row),
          )
        );
        return element("tr", {}, ...cells);
      }),
    );
    rest.hidden = found.length <= shownCount;
    rest.textContent = `Show all ${formatCount(found.length)} rows`;
  }
}

function isNumeric<Row>({ value }: Column<Row>, rows: readonly Row[]): boolean {
  const cells = rows.map(value);
  return cells.some((cell) => typeof cell === "number") &&
    cells.every((cell) => typeof cell !== "string");
}

function shown<Row>({ value, format = formatNumber }: Column<Row>, row: Row): string {
  const cell = value(row);
  if (cell === null) return "–";
  return typeof cell === "number" ? format(cell) : cell;
}

function compare(a: Exclude<Cell, null>, b: Exclude<Cell, null>): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}
