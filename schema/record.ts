/** Telling objects from all else in plain data. */

/** Whether plain data, such as parsed JSON or YAML, is an object: a mapping, no list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
