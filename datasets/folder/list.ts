/** Reads lists of images with their labels, as CSV or JSON lines. */
import { InputError } from "../../errors.ts";
import { readTextFile } from "../../files/text.ts";
import { spellName } from "../../reporting/controls.ts";
import { isRecord } from "../../schema/record.ts";
import { spell } from "../../schema/words.ts";
import { LABEL_NAMES } from "./names.ts";

/** Columns and keys used as the path; the first that exists. */
const PATH_NAMES = ["path", "file", "filename", "file_name", "image"];

/** A line of a list. */
export interface Listed {
  /** Relative, with `/`. */
  readonly path: string;
  readonly labels: readonly string[];
  /** Line number, from 1. */
  readonly line: number;
}

/**
 * Reads a list. Throws InputError, with the line number, for anything but an image and its labels.
 *
 * @param separator of several labels in CSV; without it there is one label
 */
export async function readList(file: string, separator: string | undefined): Promise<Listed[]> {
  const text = (await readTextFile(file, "CSV or JSON lines")).replace(/^\ufeff/, "");
  const isJson = /^\s*\{/.test(text);
  const listed = isJson ? jsonLines(text, file) : csvLines(text, file, separator);
  if (listed.length === 0) throw new InputError(`${file}: the list contains no images`);
  return listed.map((row) => ({ ...row, path: checkedPath(row, file) }));
}

/** A normalized path within its folder. */
function checkedPath({ path, line }: Listed, file: string): string {
  const parts = path.replaceAll("\\", "/").split("/").filter((part) => part !== "" && part !== ".");
  if (path === "" || /^([/\\]|[A-Za-z]:)/.test(path) || parts.includes("..")) {
    throw new InputError(
      `${file}:${line}: found ${
        spellName(JSON.stringify(path))
      }, expected a path relative to root, ` +
        "without ..; choose a root further up if needed",
    );
  }
  return parts.join("/");
}

function jsonLines(text: string, file: string): Listed[] {
  return text.split("\n").flatMap((row, i) => {
    if (row.trim() === "") return [];
    const line = i + 1;
    let value: unknown;
    try {
      value = JSON.parse(row);
    } catch (error) {
      throw new InputError(`${file}:${line}: invalid JSON: ${(error as Error).message}`);
    }
    const [path, label] = [PATH_NAMES, LABEL_NAMES].map((names) => {
      const name = isRecord(value) && names.find((name) => Object.hasOwn(value as object, name));
      return name ? (value as Record<string, unknown>)[name] : undefined;
    });
    const labels = Array.isArray(label) ? label : [label];
    const isLabel = (one: unknown) => typeof one === "string" || Number.isInteger(one);
    if (typeof path !== "string" || !labels.every(isLabel)) {
      throw new InputError(
        `${file}:${line}: found ${spellName(spell(value))}, expected for example ` +
          '{"path": "a.jpg", "label": "cat"}',
      );
    }
    return [{ path, labels: labels.map(String), line }];
  });
}

function csvLines(text: string, file: string, separator: string | undefined): Listed[] {
  const [first = ""] = text.split("\n", 1);
  const delimiter = ["\t", ";"].find((sign) => first.includes(sign)) ?? ",";
  const rows = csvRows(text, delimiter, file);
  const heading = rows.at(0)?.cells.map((cell) => cell.trim().toLowerCase()) ?? [];
  const [path, label] = [PATH_NAMES, LABEL_NAMES]
    .map((names) => heading.findIndex((cell) => names.includes(cell)));
  const hasHeading = path >= 0 && label >= 0;
  const [pathAt, labelAt] = hasHeading ? [path, label] : [0, 1];
  return rows.slice(hasHeading ? 1 : 0).map(({ cells, line }) => {
    const width = hasHeading ? heading.length : 2;
    if (cells.length !== width) {
      throw new InputError(
        `${file}:${line}: found ${cells.length} columns, expected ${width}` +
          (hasHeading
            ? " as in the first line"
            : ", path and label, or a first line that names them"),
      );
    }
    const labels = separator === undefined ? [cells[labelAt]] : cells[labelAt].split(separator);
    return { path: cells[pathAt], labels: labels.filter((name) => name !== ""), line };
  });
}

/** The cells of CSV, row by row; a quoted cell may contain delimiters, line breaks and doubled quotes. */
function csvRows(
  text: string,
  delimiter: string,
  file: string,
): { readonly cells: string[]; readonly line: number }[] {
  const rows: { cells: string[]; line: number }[] = [];
  let [cells, line, start]: [string[], number, number] = [[], 1, 1];
  for (let at = 0; at < text.length;) {
    let cell = "";
    if (text[at] === '"') {
      let end = at + 1;
      for (; text[end] !== '"' || text[end + 1] === '"'; end++) {
        if (end >= text.length) {
          throw new InputError(`${file}:${line}: the quoted cell that begins here has no end`);
        }
        if (text[end] === '"') end++;
      }
      cell = text.slice(at + 1, end).replaceAll('""', '"');
      line += cell.split("\n").length - 1;
      at = end + 1;
    } else {
      let end = at;
      while (end < text.length && text[end] !== delimiter && text[end] !== "\n") end++;
      cell = text.slice(at, end).replace(/\r$/, "");
      at = end;
    }
    cells.push(cell);
    if (text[at] === delimiter) {
      at++;
      // An empty cell at the end of the text.
      if (at === text.length) cells.push("");
      else continue;
    }
    const next = text.indexOf("\n", at);
    if (
      next > at && text.slice(at, next).trim() !== "" || next < 0 && text.slice(at).trim() !== ""
    ) {
      throw new InputError(`${file}:${line}: unexpected text after a quoted cell`);
    }
    if (cells.some((one) => one !== "")) rows.push({ cells, line: start });
    at = next < 0 ? text.length : next + 1;
    [cells, start] = [[], ++line];
  }
  return rows;
}
