/**
 * YAML as plain data, within bounds: a config may be a stranger's, and some kilobytes of aliases can
 * stand for gigabytes.
 */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  type LineCounter,
  parseDocument,
} from "yaml";
import { InputError } from "../errors.ts";
import { formatBytes, formatCount } from "../reporting/format.ts";

/** Bytes of a config's text at most: some thousand layers, and a second's work for the parser. */
export const MAX_BYTES = 1 << 18;
/** Values in a config at most, those that aliases stand for each time. */
const MAX_VALUES = 20_000;
const TOO_MANY = `holds more than ${formatCount(MAX_VALUES)} values, aliases counted each time`;
/** How deep lists and mappings may lie in each other. */
const MAX_DEPTH = 64;

/** What is wrong with a text at a place in it, as a sentence. */
interface YamlProblem {
  readonly offset: number;
  readonly message: string;
}

/**
 * The document in a text, as plain data too, or everything that makes it no valid YAML, or more of it
 * than a config can need.
 */
export function parseYaml(
  text: string,
  lineCounter: LineCounter,
): {
  readonly document: Document;
  readonly value: unknown;
  readonly problems: readonly YamlProblem[];
} {
  const document = parseDocument(text, {
    lineCounter,
    prettyErrors: false,
    merge: true,
    // The library compares each key with each other.
    uniqueKeys: false,
    // What it warns of besides is printed: the schema says better what a list is as a key.
    logLevel: "error",
  });
  const problems: YamlProblem[] = [];
  const invalid = (offset: number, message: string) =>
    problems.push({ offset, message: `not valid YAML: ${message}` });
  for (const { code, pos, message } of [...document.errors, ...document.warnings]) {
    invalid(
      pos[0],
      code === "MULTIPLE_DOCS"
        ? "a second document begins here; expected one"
        : message.replace("Maximum call stack size exceeded", "nested too deep"),
    );
  }
  /** Values that an alias of each anchor stands for. */
  const sizes = new Map<string, number>();
  let count = 0;
  const walk = (node: unknown, values: number) => {
    if (count > MAX_VALUES) return;
    const before = count;
    count += values;
    const offset = isNode(node) ? node.range?.[0] ?? 0 : 0;
    if (isAlias(node)) {
      const size = sizes.get(node.source);
      if (size === undefined) invalid(offset, `no anchor &${node.source} stands before this`);
      count += size ?? 0;
    }
    if (count > MAX_VALUES) problems.push({ offset, message: TOO_MANY });
    const anchor = isNode(node) && "anchor" in node ? node.anchor : undefined;
    // Within itself it has no end.
    if (anchor) sizes.set(anchor, Infinity);
    if (isPair(node)) {
      walk(node.key, 0);
      walk(node.value, 1);
    } else if (isCollection(node)) {
      for (const item of node.items) walk(item, isPair(item) ? 0 : 1);
    }
    if (anchor) sizes.set(anchor, count - before - values);
    if (isMap(node)) {
      const keys = new Set<unknown>();
      for (const { key } of node.items) {
        if (!isScalar(key)) continue;
        if (keys.has(key.value)) invalid(key.range?.[0] ?? 0, "Map keys must be unique");
        keys.add(key.value);
      }
    }
  };
  walk(document.contents, 0);
  let value: unknown;
  try {
    // They are counted.
    if (problems.length === 0) value = document.toJS({ maxAliasCount: -1 });
  } catch (error) {
    invalid(0, (error as Error).message);
  }
  return { document, value, problems };
}

/** Throws InputError, naming the file, for a text that is longer than a config can need to be. */
export function requireModestText(bytes: number, file: string): void {
  if (bytes <= MAX_BYTES) return;
  throw new InputError(
    `${file}: holds more than ${
      formatBytes(MAX_BYTES)
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
    if (depth >= MAX_DEPTH || count > MAX_VALUES) {
      throw new InputError(
        depth >= MAX_DEPTH
          ? `${file}: more than ${MAX_DEPTH} lists and mappings lie in each other`
          : `${file}: ${TOO_MANY}`,
      );
    }
    for (const value of parts) open.push({ value, depth: depth + 1 });
  }
}
