/** Values from files, made safe to print in messages. */

/** Most characters of such text. */
const MAX_SHOWN = 1000;

/** Most characters of any other value. */
const MAX_OF_JSON = 60;

/** Whether a value from a file is one line of text of a readable length, without control characters. */
export function isLine(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_SHOWN && !/\p{Cc}/u.test(value);
}

/** A value from a file as JSON, truncated if long. */
export function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? "nothing";
  return json.length > MAX_OF_JSON ? `${json.slice(0, MAX_OF_JSON)}…` : json;
}
