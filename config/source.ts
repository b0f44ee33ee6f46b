/** A config file's text: its YAML value, where each part of it stands, and `--set` overrides. */

import { Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from "yaml";
import { InputError } from "../errors.ts";
import type { Mistake } from "../schema/mistakes.ts";

type Container = Record<string, unknown> | unknown[];

/** A parsed config file with overrides applied. */
export class ConfigSource {
  /** The config as plain data, not yet validated. */
  value: unknown;
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();
  readonly #overrides: string[][] = [];

  /**
   * Parses `text`, naming `file` in errors; if it `isStored` there, nobody can look up its lines.
   * Throws InputError with every YAML mistake, each with line and column.
   */
  constructor(
    text: string,
    private readonly file: string,
    private readonly options: { readonly isStored?: boolean } = {},
  ) {
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      merge: true,
    });
    const problems = [...this.#document.errors, ...this.#document.warnings].map((problem) => {
      const message = problem.code === "MULTIPLE_DOCS"
        ? "a second document begins here; expected one"
        : problem.message;
      return `${this.#place(problem.pos[0])} not valid YAML: ${message}`;
    });
    visit(this.#document, {
      Alias: (_, alias) => {
        if (alias.resolve(this.#document)) return;
        const place = this.#place(startOf(alias) ?? 0);
        problems.push(`${place} not valid YAML: no anchor &${alias.source} stands before this`);
      },
    });
    if (problems.length > 0) throw new InputError(problems.join("\n"));
    try {
      this.value = this.#document.toJS();
    } catch (error) {
      throw new InputError(`${file}:1:1 not valid YAML: ${(error as Error).message}`);
    }
  }

  /**
   * Applies `key.path=value`, the value written in YAML; `null` removes the key. Throws InputError
   * when the text is not of that form.
   *
   * @param isName whether the value at a path is the name alone of what could also have options
   */
  override(
    assignment: string,
    isName: (path: readonly string[], value: string) => boolean = () => false,
  ): void {
    const equals = assignment.indexOf("=");
    const key = equals < 0 ? assignment : assignment.slice(0, equals).trim();
    const path = key.split(".");
    if (equals < 0 || path.includes("")) {
      throw new InputError(`--set ${assignment}: expected key=value, as in training.epochs=5`);
    }
    const document = parseDocument(assignment.slice(equals + 1), { prettyErrors: false });
    if (document.errors.length > 0) {
      throw new InputError(`--set ${key}: not valid YAML: ${document.errors[0].message}`);
    }
    let container = this.value as Container;
    for (const [index, part] of path.slice(0, -1).entries()) {
      let child = member(container, part);
      if (typeof child !== "object" || child === null) {
        const isNamed = typeof child === "string" && isName(path.slice(0, index + 1), child);
        child = isNamed ? { name: child } : {};
        assign(container, part, child, key);
      }
      container = child as Container;
    }
    assign(container, path[path.length - 1], document.toJS() ?? undefined, key);
    this.#overrides.push(path);
  }

  /** All mistakes as one text, a line each, in the order of the file and then of the overrides. */
  report(mistakes: readonly Mistake[]): string {
    return mistakes.map((mistake) => {
      const path = mistake.path.map(String);
      const overridden = this.#overrides.some((override) =>
        startsWith(path, override) ||
        startsWith(override, path) && !this.#document.hasIn(path)
      );
      const offset = overridden ? Infinity : this.#offsetOf(path, mistake.part);
      const place = overridden ? "--set" : this.#place(offset);
      const dotted = path.length > 0 ? ` ${path.join(".")}` : "";
      return { offset, line: `${place}${dotted}: ${mistake.text}` };
    }).sort((a, b) => a.offset === b.offset ? 0 : a.offset - b.offset)
      .map(({ line }) => line).join("\n");
  }

  /** Where a key or value starts; what is missing or comes by an alias stands where its parent does. */
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
    if (this.options.isStored) return this.file;
    const { line, col } = this.#lines.linePos(offset);
    return `${this.file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  }
}

function startOf(node: unknown): number | undefined {
  return (node as { range?: [number, number, number] | null } | undefined)?.range?.[0];
}

function startsWith(path: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((part, index) => part === path[index]);
}

/** An own member of a container; what an object inherits is no part of a config. */
function member(container: Container, key: string): unknown {
  return Object.hasOwn(container, key) ? (container as Record<string, unknown>)[key] : undefined;
}

function assign(container: Container, key: string, value: unknown, whole: string): void {
  if (Array.isArray(container) && !(Number(key) < container.length && /^\d+$/.test(key))) {
    throw new InputError(
      `--set ${whole}: found "${key}" as place in a list, ` +
        `expected a number from 0 to ${container.length - 1}`,
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
