/** Several lines that a terminal shows in place, in colours where it may have some. */
import { spellName } from "./controls.ts";

/** How a piece of text looks. */
type Style = "dim" | "good" | "bold";

/** A piece of a line. */
export interface Span {
  readonly text: string;
  /** Default: as all text. */
  readonly style?: Style;
}

/** Lines from top to bottom. */
export type View = readonly (readonly Span[])[];

/** Parameters of the control sequence "select graphic rendition". */
const RENDITIONS: Readonly<Record<Style, number>> = { bold: 1, dim: 2, good: 32 };
/** A view as it was drawn. */
export interface DrawnView {
  /** What draws it, at the beginning of an empty line. */
  readonly text: string;
  /** Characters of each of its lines. */
  readonly lengths: readonly number[];
}

/**
 * Draws a view, and leaves the cursor on the empty line below: what a person types is shown there, and
 * terminals that wrap lines anew when their size changes do so with all of the view.
 */
export function drawView(view: View, columns: number, colours: boolean): DrawnView {
  // The last column stays free: some terminals wrap as soon as it is filled.
  const lines = view.map((line) => drawLine(line, Math.max(0, columns - 1), colours));
  return {
    text: lines.map(({ text }) => `${text}\n`).join(""),
    lengths: lines.map(({ length }) => length),
  };
}

/** What clears a view from a terminal that is now so wide. */
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
