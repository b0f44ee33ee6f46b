/**
 * Progress of long work: on a terminal one line that is rewritten in place, or a view of several lines
 * if it is wide; elsewhere (a pipe, a log file) plain lines from time to time.
 */

import { spellControls } from "./controls.ts";
import { clearView, type DrawnView, drawView, type View } from "./view.ts";

/** The output of progress. */
export interface ProgressTarget {
  /** Writes text without adding a line end. */
  write(text: string): void;
  /** Whether lines can be rewritten. */
  readonly isTerminal: boolean;
  /** Whether text may be colored. Default: false. */
  readonly colours?: boolean;
  /** Columns of the terminal, read before each drawing since it may be resized. */
  columns(): number;
  /** Milliseconds of a monotonic clock. */
  now(): number;
}

const TERMINAL_INTERVAL = 100;
const PLAIN_INTERVAL = 10_000;
/** Fewest columns for a view. */
const WIDE = 100;
/** Separates the fields of a line. */
const GAP = "  ";
/** Return to the first column and clear to the end of the line. */
const CLEAR = "\r\x1b[K";

type Shown = { readonly fields: readonly string[] } | { readonly view: View };

/** A progress line; call {@link Progress.finish} when the work ends, also when it fails. */
export class Progress {
  readonly #target: ProgressTarget;
  #shown: Shown | undefined;
  /** What of it is currently on the terminal. */
  #drawn: DrawnView | undefined;
  #last = -Infinity;

  /** Shows progress on `target`, by default this process's standard error. */
  constructor(target: ProgressTarget = standardError()) {
    this.#target = target;
  }

  /**
   * Shows the current state. Cheap to call often: it draws at most ten times per second on a terminal
   * and prints at most every ten seconds elsewhere. Pass a function if formatting is expensive.
   *
   * @param text a line, or its fields, the last of which are cut on a narrow terminal
   * @param view replaces it on a wide terminal, given the number of columns
   */
  update(
    text: string | (() => string | readonly string[]),
    view?: (columns: number) => View,
  ): void {
    const now = this.#target.now();
    const interval = this.#target.isTerminal ? TERMINAL_INTERVAL : PLAIN_INTERVAL;
    if (now - this.#last < interval) return;
    this.#last = now;
    const columns = this.#target.columns();
    const isView = view && this.#target.isTerminal && columns >= WIDE;
    const shown = isView
      ? { view: view(columns) }
      : fieldsOf(typeof text === "string" ? text : text());
    if (this.#target.isTerminal) {
      const before = this.#cleared() || CLEAR;
      this.#shown = shown;
      this.#draw(before);
    } else if ("fields" in shown) {
      this.#target.write(`${shown.fields.join(GAP)}\n`);
    }
  }

  /** Prints a permanent line above the progress line. */
  print(line: string): void {
    this.#clear();
    this.#target.write(`${spellControls(line)}\n`);
    this.#draw();
  }

  /** Removes the progress line until the next update, so that something else can be printed. */
  clear(): void {
    this.#clear();
    this.#shown = undefined;
  }

  /** Removes the progress line: the work is done, and the next update is shown at once. */
  finish(): void {
    this.clear();
    this.#last = -Infinity;
  }

  /** @param before clears the terminal first */
  #draw(before = CLEAR): void {
    if (!this.#shown) return;
    const columns = this.#target.columns();
    if ("fields" in this.#shown) {
      // The last column stays free: some terminals wrap as soon as it is filled.
      this.#target.write(before + fitted(this.#shown.fields, Math.max(0, columns - 1)));
    } else {
      this.#drawn = drawView(this.#shown.view, columns, this.#target.colours ?? false);
      this.#target.write(before + this.#drawn.text);
    }
  }

  #clear(): void {
    const text = this.#cleared();
    if (text !== "") this.#target.write(text);
  }

  /** Returns the text that clears the terminal, and considers it cleared. */
  #cleared(): string {
    const drawn = this.#drawn;
    this.#drawn = undefined;
    if (drawn) return clearView(drawn, this.#target.columns());
    return this.#shown ? CLEAR : "";
  }
}

function fieldsOf(text: string | readonly string[]): Shown {
  return { fields: (typeof text === "string" ? [text] : text).map(spellControls) };
}

/** The first fields that fit; the first one is cut if too long. */
function fitted(fields: readonly string[], room: number): string {
  const all = fields.map((_, i) => fields.slice(0, i + 1).join(GAP));
  return all.findLast((line) => line.length <= room) ?? all[0].slice(0, room);
}

/**
 * Standard error of this process, so that standard output contains results only. A closed terminal does
 * not stop the work: it is no longer written to.
 */
export function standardError(): ProgressTarget {
  return {
    write: (text) => {
      const bytes = new TextEncoder().encode(text);
      try {
        for (let at = 0; at < bytes.length;) at += Deno.stderr.writeSync(bytes.subarray(at));
      } catch { /* No one is reading. */ }
    },
    isTerminal: Deno.stderr.isTerminal(),
    // The environment variable NO_COLOR, readable without a permission.
    colours: !Deno.noColor,
    columns() {
      try {
        return Deno.consoleSize().columns;
      } catch {
        return 80;
      }
    },
    now: () => performance.now(),
  };
}
