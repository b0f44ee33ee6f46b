/**
 * YAML as plain data, within bounds: a config may be a stranger's, and some kilobytes of aliases can
 * stand for gigabytes.
 */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  type LineCounter,
  parseDocument,
  visit,
} from "yaml";
import { InputError } from "../errors.ts";
import { formatBytes, formatCount } from "../reporting/format.ts";

/** Bytes of a config's text at most: some thousand layers, and a second's work for the parser. */
export const MOST_BYTES = 1 << 18;
/** Values in a config at most, those that aliases stand for each time. */
const MOST_VALUES = 20_000;
/** How deep lists and mappings may lie in each other. */
const MOST_DEPTH = 64;

/** What is wrong with a text at a place in it. */
export interface YamlProblem {
  readonly offset: number;
  readonly message: string;
}

/** The document in a text, and everything that makes it no valid YAML. */
export function parseYaml(
  text: string,
  lineCounter: LineCounter,
): { readonly document: Document; readonly problems: readonly YamlProblem[] } {
  const document = parseDocument(text, {
    lineCounter,
    prettyErrors: false,
    merge: true,
    // The library compares each key with each other.
    uniqueKeys: false,
    // What it warns of besides is printed: the schema says better what a list is as a key.
    logLevel: "error",
  });
  const problems = [...document.errors, ...document.warnings].map(({ code, pos, message }) => ({
    offset: pos[0],
    message: code === "MULTIPLE_DOCS"
      ? "a second document begins here; expected one"
      : message.replace("Maximum call stack size exceeded", "nested too deep"),
  }));
  const anchors = new Set<string>();
  visit(document, (_, node) => {
    if (isAlias(node) && !anchors.has(node.source)) {
      const message = `no anchor &${node.source} stands before this`;
      problems.push({ offset: node.range?.[0] ?? 0, message });
    } else if (isNode(node) && "anchor" in node && node.anchor) {
      anchors.add(node.anchor);
    }
    if (isMap(node)) {
      const keys = new Set<unknown>();
      for (const { key } of node.items) {
        if (!isScalar(key)) continue;
        if (keys.has(key.value)) {
          problems.push({ offset: key.range?.[0] ?? 0, message: "Map keys must be unique" });
        }
        keys.add(key.value);
      }
    }
  });
  return { document, problems };
}

/** Throws InputError, naming the file, for a text that is longer than a config can need to be. */
export function requireModestText(bytes: number, file: string): void {
  if (bytes <= MOST_BYTES) return;
  throw new InputError(
    `${file}: holds more than ${
      formatBytes(MOST_BYTES)
    }, too much for a config; is it another file?`,
  );
}

/** Throws InputError, naming the file, for more values, or deeper ones, than a config can need. */
export function requireModest(value: unknown, file: string): void {
  let count = 0;
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value !== "object" || value === null) continue;
    const parts = Object.values(value);
    count += parts.length;
    if (depth >= MOST_DEPTH || count > MOST_VALUES) {
      throw new InputError(
        depth >= MOST_DEPTH
          ? `${file}: more than ${MOST_DEPTH} lists and mappings lie in each other`
          : `${file}: holds more than ${
            formatCount(MOST_VALUES)
          } values, aliases counted each time`,
      );
    }
    for (const value of parts) open.push({ value, depth: depth + 1 });
  }
}
