/** Escapes names from untrusted files, so that they cannot control a terminal or a page. */

/**
 * Control characters except tab and line end, line separators, byte-order marks, and characters that
 * change the direction of writing.
 */
const CONTROLS =
  // deno-lint-ignore no-control-regex
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** A text with its control characters escaped as in JSON: `\u001b`; JSON stays the same data. */
export function spellControls(text: string): string {
  return text.replace(CONTROLS, spelled);
}

/** A name on a single line: as {@link spellControls}, also escaping tabs and line ends. */
export function spellName(name: string): string {
  return spellControls(name).replace(/[\t\n]/g, spelled);
}

function spelled(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
