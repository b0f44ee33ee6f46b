/** A config file's text: its YAML value, the place of each part, and `--set` overrides. */

import { Document, isAlias, isMap, isScalar, isSeq, LineCounter } from "yaml";
import { InputError } from "../errors.ts";
import { spellName } from "../reporting/controls.ts";
import type { Mistake } from "../schema/describe.ts";
import { valueAt, type ValuePath } from "../schema/json.ts";
import { copyOf, isRecord } from "../schema/record.ts";
import { inYaml, parseYaml, requireModest, requireModestText } from "./yaml.ts";

type Container = Record<string, unknown> | unknown[];

/** Maximum lines of a report; the user fixes some mistakes and tries again. */
const MAX_LINES = 50;

/** A parsed config file with overrides applied. */
export class ConfigSource {
  /** The config as plain data, not yet validated. */
  value: unknown;
  readonly #document: Document;
  readonly #isStored: boolean;
  readonly #lines = new LineCounter();
  readonly #overrides: string[][] = [];
  /** Where overrides created a mapping. */
  readonly #added: string[][] = [];
  readonly #origins = new Map<string, string[]>();

  /**
   * Parses a text, naming `file` in errors, or takes plain data stored there, which has no line
   * numbers. Throws InputError with every YAML mistake, each with line and column, and for a text
   * that is larger than any config.
   */
  constructor(source: unknown, private readonly file: string) {
    this.#isStored = typeof source !== "string";
    let value = source;
    if (typeof source === "string") {
      requireModestText(source.length, file);
      const { document, value: parsed, problems } = parseYaml(source, this.#lines);
      const lines = problems.map(({ offset, message }) => `${this.#place(offset)} ${message}`);
      if (lines.length > 0) throw new InputError(asReport(lines));
      value = parsed;
      this.#document = document;
    }
    requireModest(value, file);
    this.#document ??= new Document(value);
    // An alias shares its anchor's mapping; overriding one must not change the other.
    this.value = copyOf(value);
  }

  /** Removes the value at a path and returns whether there was one. */
  leaveOut(path: readonly string[]): boolean {
    const holder = valueAt(this.value, path.slice(0, -1));
    return isRecord(holder) && Object.hasOwn(holder, path.at(-1)!) && delete holder[path.at(-1)!];
  }

  /**
   * Applies `key.path=value`, the value written in YAML; `null` removes the key. Throws InputError
   * when the text is not of that form.
   *
   * @param nameAt the name at a path, written or default, of something that could also have options
   * @param otherForms other paths that set the same option; they are removed
   */
  override(
    assignment: string,
    nameAt: (path: readonly string[], value: unknown) => string | undefined = () => undefined,
    otherForms: (path: readonly string[]) => readonly string[][] = () => [],
  ): void {
    const equals = assignment.indexOf("=");
    const key = equals < 0 ? assignment : assignment.slice(0, equals).trim();
    const path = key.split(".");
    if (equals < 0 || path.includes("")) {
      throw new InputError(`--set ${assignment}: expected key=value, as in training.epochs=5`);
    }
    const parsed = parseYaml(assignment.slice(equals + 1), new LineCounter());
    const [problem] = parsed.problems;
    if (problem) throw new InputError(`--set ${key}: ${problem.message}`);
    const value = parsed.value ?? undefined;
    const others = otherForms(path);
    for (const other of others) this.leaveOut(other);
    this.#overrides.push(path);
    let container = this.value as Container;
    for (const [index, part] of path.slice(0, -1).entries()) {
      let child = valueAt(container, [part]);
      if (typeof child !== "object" || child === null) {
        if (child === undefined && value === undefined && others.length > 0) return;
        const name = nameAt(path.slice(0, index + 1), child);
        if (child === undefined) this.#added.push(path.slice(0, index + 1));
        child = name === undefined ? {} : { name };
        assign(container, path, index, child);
      }
      container = child as Container;
    }
    assign(container, path, path.length - 1, value);
  }

  /**
   * Completes choices for which overrides gave only options: they belong to the default choice.
   *
   * @param defaultAt the default of the value at a path
   */
  completeChoices(defaultAt: (path: readonly string[]) => unknown): void {
    for (const path of this.#added) {
      const choice = valueAt(this.value, path);
      const standard = defaultAt(path);
      if (!isRecord(choice) || !isRecord(standard)) continue;
      if (!Object.hasOwn(choice, "name")) Object.assign(choice, { ...standard, ...choice });
    }
  }

  /** Records that options have moved in `value`; reports name their place in the text. */
  noteMoved(moved: readonly { from: ValuePath; to: ValuePath }[]): void {
    for (const { from, to } of moved) this.#origins.set(to.join("."), from.map(String));
  }

  /** All mistakes as one text, one per line, in the order of the file and then of the overrides. */
  report(mistakes: readonly Mistake[]): string {
    const lines = mistakes.map((mistake) => {
      const path = this.#origin(mistake.path.map(String));
      const overridden = this.#overrides.some((override) =>
        startsWith(path, override) ||
        // What is missing in a mapping created by an override is a mistake of that override.
        [path, path.slice(0, -1)].some((part) =>
          startsWith(override, part) && !this.#document.hasIn(part)
        )
      );
      const offset = overridden ? Infinity : this.#offsetOf(path, mistake.part);
      const place = overridden ? "--set" : this.#place(offset);
      const dotted = path.length > 0 ? ` ${spellName(path.join("."))}` : "";
      return { offset, line: `${place}${dotted}: ${mistake.text}` };
    }).sort((a, b) => a.offset === b.offset ? 0 : a.offset - b.offset)
      .map(({ line }) => line);
    return asReport([...new Set(lines)]);
  }

  /** The path in the text of the value's part at `path`. */
  #origin(path: string[]): string[] {
    for (let length = path.length; length > 0; length--) {
      const origin = this.#origins.get(path.slice(0, length).join("."));
      if (origin) return this.#origin([...origin, ...path.slice(length)]);
    }
    return path;
  }

  /**
   * Where a key or value starts; something missing or from an alias has the place of its parent.
   */
  #offsetOf(path: string[], part: "key" | "value"): number {
    let node: unknown = this.#document.contents;
    let key: unknown;
    for (const name of path) {
      if (isAlias(node)) node = node.resolve(this.#document);
      if (isMap(node)) {
        const pair = node.items.find((item) =>
          isScalar(item.key) && String(item.key.value) === name
        );
        if (pair === undefined) return startOf(key) ?? 0;
        [key, node] = [pair.key, pair.value];
      } else if (isSeq(node) && node.items[Number(name)] !== undefined) {
        node = key = node.items[Number(name)];
      } else {
        return startOf(key) ?? 0;
      }
    }
    return (part === "value" ? startOf(node) : undefined) ?? startOf(key) ?? 0;
  }

  #place(offset: number): string {
    if (this.#isStored) return this.file;
    const { line, col } = this.#lines.linePos(offset);
    return `${this.file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  }
}

function asReport(lines: readonly string[]): string {
  const shown = lines.slice(0, MAX_LINES);
  return [...shown, ...(shown.length < lines.length ? ["and more"] : [])].join("\n");
}

function startOf(node: unknown): number | undefined {
  return (node as { range?: [number, number, number] | null } | undefined)?.range?.[0];
}

function startsWith(path: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((part, index) => part === path[index]);
}

function assign(container: Container, path: string[], index: number, value: unknown): void {
  const key = path[index];
  if (Array.isArray(container) && !(Number(key) < container.length && /^\d+$/.test(key))) {
    const list = path.slice(0, index).join(".");
    const places = container.length > 0 ? `a number from 0 to ${container.length - 1} or ` : "";
    const items = inYaml(container);
    throw new InputError(
      `--set ${
        path.join(".")
      }: ${list} is a list and has no "${key}"; expected ${places}the whole ` +
        `list, as in --set '${list}=${items}'`,
    );
  }
  if (value === undefined && !Array.isArray(container)) {
    delete container[key];
  } else {
    Object.defineProperty(container, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
}
