/** Texts of files that messages show as they are. */

/** Characters of such a text. */
const MAX_SHOWN = 1000;

/** Characters of anything else. */
const MAX_OF_JSON = 60;

/** Whether a value from a file is a text that stays on its line: no more than a person reads, no line ends. */
export function isLine(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_SHOWN && !/\p{Cc}/u.test(value);
}

/** A value from a file as JSON, cut where it grows long. */
export function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? "nothing";
  return json.length > MAX_OF_JSON ? `${json.slice(0, MAX_OF_JSON)}…` : json;
}
