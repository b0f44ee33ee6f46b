/** Tables that can be sorted by any column, and searched. */
/// <reference lib="dom" />
import { formatCount } from "../../reporting/format.ts";
import { button, type Content, element } from "./dom.ts";
import { formatNumber, type NumberFormat } from "./numbers.ts";

/** Content of a cell: null is a dash. */
export type Cell = number | string | null;

/** A column. */
export interface Column<Row> {
  readonly title: string;
  /** The value for sorting, also shown by default. */
  value(row: Row): Cell;
  /** Format of its numbers. */
  readonly format?: NumberFormat;
  /** Content to show instead. It is created once per key. */
  show?(row: Row): Content;
}

interface TableOptions<Row> {
  /** Its title, also read by screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** Initial number of rows; a button shows the rest. Default: 25. */
  readonly most?: number;
  /** Whether there is a field to search rows for words. Default: false. */
  readonly isSearched?: boolean;
  /** Whether its rows can be sorted. Default: true. */
  readonly isSorted?: boolean;
  /** The searched text of a row. Default: the shown text. */
  text?(row: Row): string;
  /** Identifies a row across updates. Default: the row itself. */
  key?(row: Row): unknown;
}

/** The first column names the rows. Numbers are right-aligned. */
export function dataTable<Row>(options: TableOptions<Row>): HTMLElement {
  return new DataTable(options).element;
}

/** A table with replaceable rows and columns; sorting and search are kept. */
export class DataTable<Row> {
  readonly element: HTMLElement;
  readonly #options: TableOptions<Row>;
  readonly #head = element("tr");
  readonly #body = element("tbody");
  readonly #search: HTMLInputElement;
  readonly #rest = button("", () => {
    this.#most = Infinity;
    this.#show();
  }, { class: "rest" });
  /** By the keys of their rows. */
  #shown = new Map<unknown, HTMLTableRowElement>();
  #columns: readonly Column<Row>[];
  #rows: readonly Row[];
  #most: number;
  #sorted: { readonly title: string; readonly isAscending: boolean } | undefined;

  constructor(options: TableOptions<Row>) {
    const { caption, columns, rows, most = 25, isSearched } = options;
    this.#options = options;
    this.#columns = columns;
    this.#rows = rows;
    this.#most = most;
    this.#search = element("input", { type: "search", "aria-label": `Search: ${caption}` });
    this.#search.placeholder = "Search";
    this.#search.addEventListener("input", () => this.#show());
    this.element = element(
      "div",
      { class: "table" },
      isSearched ? this.#search : undefined,
      element(
        "div",
        { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
        element(
          "table",
          {},
          element("caption", {}, caption),
          element("thead", {}, this.#head),
          this.#body,
        ),
      ),
      this.#rest,
    );
    this.show(rows, columns);
  }

  /** Shows other rows, and optionally other columns. */
  show(rows: readonly Row[], columns = this.#columns): void {
    const kinds = (rows: readonly Row[], columns: readonly Column<Row>[]) =>
      JSON.stringify(columns.map((column) => [column.title, isNumeric(column, rows)]));
    const isSame = kinds(rows, columns) === kinds(this.#rows, this.#columns);
    this.#rows = rows;
    this.#columns = columns;
    if (!isSame || this.#head.childElementCount === 0) {
      this.#shown.clear();
      this.#head.replaceChildren(...columns.map((column) => this.#heading(column)));
    }
    this.#show();
  }

  #heading(column: Column<Row>): HTMLElement {
    const { title } = column;
    const attributes = { scope: "col", class: kindOf(column, this.#rows) };
    if (this.#options.isSorted === false) return element("th", attributes, title);
    return element("th", attributes, button(title, () => this.#sortBy(title)));
  }

  #sortBy(title: string): void {
    const { title: before, isAscending } = this.#sorted ?? {};
    this.#sorted = { title, isAscending: before === title && !isAscending };
    this.#show();
  }

  #inOrder(): Row[] {
    const { title, isAscending } = this.#sorted ?? {};
    const column = this.#columns.find((column) => column.title === title);
    if (!column) return [...this.#rows];
    return [...this.#rows].sort((a, b) => {
      const [first, second] = [column.value(a), column.value(b)];
      // Missing values come last in either direction.
      if (first === null || second === null) {
        return Number(first === null) - Number(second === null);
      }
      return (isAscending ? 1 : -1) * compare(first, second);
    });
  }

  #show(): void {
    const { text = (row: Row) => this.#columns.map((column) => shown(column, row)).join(" ") } =
      this.#options;
    [...this.#head.children].forEach((head, i) => {
      if (this.#columns[i].title !== this.#sorted?.title) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", this.#sorted.isAscending ? "ascending" : "descending");
    });
    const words = this.#search.value.toLowerCase().split(/\s+/);
    const found = this.#inOrder().filter((row) => {
      const whole = text(row).toLowerCase();
      return words.every((word) => whole.includes(word));
    });
    const { key = (row: Row): unknown => row } = this.#options;
    const before = this.#shown;
    this.#shown = new Map(
      found.slice(0, this.#most).map((row) => [key(row), this.#row(row, before.get(key(row)))]),
    );
    const rows = [...this.#shown.values()];
    const focused = document.activeElement;
    this.#body.replaceChildren(...rows);
    if (focused instanceof HTMLElement && this.#body.contains(focused)) focused.focus();
    this.#rest.hidden = found.length <= this.#most;
    this.#rest.textContent = `Show all ${formatCount(found.length)} rows`;
  }

  /** A row element; an existing one is reused with its new values. */
  #row(row: Row, before?: HTMLTableRowElement): HTMLTableRowElement {
    if (before) {
      this.#columns.forEach((column, i) => {
        const text = shown(column, row);
        if (!column.show && before.children[i].textContent !== text) {
          before.children[i].textContent = text;
        }
      });
      return before;
    }
    const cells = this.#columns.map((column, i) =>
      element(
        i === 0 ? "th" : "td",
        { scope: i === 0 ? "row" : undefined, class: kindOf(column, this.#rows) },
        column.show?.(row) ?? shown(column, row),
      )
    );
    return element("tr", {}, ...cells);
  }
}

function kindOf<Row>(column: Column<Row>, rows: readonly Row[]): string | undefined {
  return isNumeric(column, rows) ? "number" : undefined;
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
