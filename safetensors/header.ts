/** Headers of safetensors files: JSON, parsed only after its size has been checked. */
import { isRecord } from "../schema/record.ts";
import { shown } from "./line.ts";

/** More than the checkpoint of a network with several thousand layers has. */
export const MAX_TENSORS = 2 ** 16;
/** A header holds tables of tensors, which hold lists. */
const MAX_DEPTH = 3;
/** Names, lists and objects: seven per tensor, and the same number again for metadata. */
const MAX_PARTS = 14 * MAX_TENSORS;

/** Parses a header, a JSON object. On any problem calls `fail`, which throws, with a description. */
export function parseHeader(
  bytes: Uint8Array,
  fail: (problem: string) => never,
): Record<string, unknown> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail("its header is not UTF-8 text");
  }
  const { depth, names, parts } = extentOf(text);
  if (depth > MAX_DEPTH) fail("its header is nested too deeply");
  if (names > MAX_TENSORS + 1) fail(`it has more than ${MAX_TENSORS} tensors`);
  if (parts > MAX_PARTS) fail("its header has more parts than tensors need");
  try {
    header = JSON.parse(text);
  } catch {
    return fail("its header is not JSON");
  }
  if (!isRecord(header)) return fail("its header is not a JSON object");
  const repeated = repeatedKey(text);
  if (repeated !== undefined) fail(`its header contains the name ${shown(repeated)} twice`);
  return header;
}

/**
 * The extent of JSON, valid or not, found without parsing it, which is slow for large input: the nesting
 * depth, the names in the outer object, and the total of names, lists and objects.
 */
function extentOf(json: string): { depth: number; names: number; parts: number } {
  const found = { depth: 0, names: 0, parts: 0 };
  let depth = 0;
  let isText = false;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (isText) {
      if (character === "\\") at++;
      else if (character === '"') isText = false;
    } else if (character === '"') isText = true;
    else if (character === ":") {
      found.parts++;
      if (depth === 1) found.names++;
    } else if (character === "{" || character === "[") {
      found.parts++;
      found.depth = Math.max(found.depth, ++depth);
    } else if (character === "}" || character === "]") depth--;
  }
  return found;
}

/** A key that occurs twice in the outer object of valid JSON; `JSON.parse` would keep the last. */
function repeatedKey(json: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") depth--;
    else if (character === '"') {
      const start = at;
      for (at++; json[at] !== '"'; at++) if (json[at] === "\\") at++;
      let next = at + 1;
      while (" \t\r\n".includes(json[next])) next++;
      if (depth !== 1 || json[next] !== ":") continue;
      const key = JSON.parse(json.slice(start, at + 1));
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
}
