/** Several lines that a terminal shows in place, in color if supported. */
import { spellName } from "./controls.ts";

type Style = "dim" | "good" | "bold";

/** A piece of a line. */
export interface Span {
  readonly text: string;
  /** Default: normal text. */
  readonly style?: Style;
}

/** Lines from top to bottom. */
export type View = readonly (readonly Span[])[];

/** Parameters of the control sequence "select graphic rendition". */
const RENDITIONS: Readonly<Record<Style, number>> = { bold: 1, dim: 2, good: 32 };
/** A drawn view. */
export interface DrawnView {
  /** The text that draws it, starting on an empty line. */
  readonly text: string;
  /** Characters of each of its lines. */
  readonly lengths: readonly number[];
}

/**
 * Draws a view, and leaves the cursor on the empty line below: typed text appears there, and terminals
 * that rewrap lines when resized do so for the whole view.
 */
export function drawView(view: View, columns: number, colours: boolean): DrawnView {
  // The last column stays free: some terminals wrap as soon as it is filled.
  const lines = view.map((line) => drawLine(line, Math.max(0, columns - 1), colours));
  return {
    text: lines.map(({ text }) => `${text}\n`).join(""),
    lengths: lines.map(({ length }) => length),
  };
}

/** The text that clears a view from a terminal with its present width. */
export function clearView({ lengths }: DrawnView, columns: number): string {
  const rows = lengths.reduce((sum, length) => sum + Math.max(1, Math.ceil(length / columns)), 0);
  return `\r\x1b[${rows}A\x1b[J`;
}

function drawLine(
  spans: readonly Span[],
  columns: number,
  colours: boolean,
): { text: string; length: number } {
  let length = 0;
  const shown = spans.map(({ text, style }) => {
    const characters = [...spellName(text)].slice(0, columns - length);
    length += characters.length;
    const part = characters.join("");
    return colours && style && part !== "" ? `\x1b[${RENDITIONS[style]}m${part}\x1b[0m` : part;
  });
  return { text: shown.join(""), length };
}
