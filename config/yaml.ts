/**
 * YAML as plain data, within limits: a config may be untrusted, and a few kilobytes of aliases can
 * expand to gigabytes.
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
  stringify,
} from "yaml";
import { InputError } from "../errors.ts";
import { formatBytes, formatCount } from "../reporting/format.ts";

/** Maximum bytes of a config's text: a few thousand layers, and one second of parsing. */
export const MAX_BYTES = 1 << 18;
/** Maximum values in a config, with every alias expanded. */
const MAX_VALUES = 20_000;
const TOO_MANY = `holds more than ${formatCount(MAX_VALUES)} values, aliases counted each time`;
/** Maximum nesting of lists and mappings. */
const MAX_DEPTH = 64;

/** A mistake at a place in a text, as a sentence. */
interface YamlProblem {
  readonly offset: number;
  readonly message: string;
}

/**
 * The document in a text, also as plain data, or every reason why it is not valid YAML or is larger
 * than any config.
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
    // The library compares every pair of keys.
    uniqueKeys: false,
    // The library would print other warnings; the schema's message for a list as a key is clearer.
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
  /** Number of values that an alias of each anchor expands to. */
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
    // An anchor within itself is endless.
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

/** Throws InputError, naming the file, for a text that is longer than any config. */
export function requireModestText(bytes: number, file: string): void {
  if (bytes <= MAX_BYTES) return;
  throw new InputError(
    `${file}: holds more than ${
      formatBytes(MAX_BYTES)
    }, too much for a config; is it another file?`,
  );
}

/** Throws InputError, naming the file, for more values, or deeper nesting, than any config has. */
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

/** A value as YAML on one line. */
export function inYaml(value: unknown): string {
  return stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim();
}
