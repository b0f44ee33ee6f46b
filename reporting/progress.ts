/**
 * Progress of long work: on a terminal one line that is rewritten in place, elsewhere (a pipe, a log
 * file) plain lines now and then.
 */

import { spellControls } from "./controls.ts";

/** Where progress is shown. */
export interface ProgressTarget {
  /** Writes text as it is, without a line end of its own. */
  write(text: string): void;
  /** Whether a line can be rewritten. */
  readonly isTerminal: boolean;
  /** Columns of the terminal, asked at each drawing since it may be resized. */
  columns(): number;
  /** Milliseconds of a clock that only moves forward. */
  now(): number;
}

const TERMINAL_INTERVAL = 100;
const PLAIN_INTERVAL = 10_000;
/** Return to the first column and clear to the end of the line. */
const CLEAR = "\r\x1b[K";

/** A progress line; call {@link Progress.finish} when the work ends, also when it fails. */
export class Progress {
  readonly #target: ProgressTarget;
  #shown = "";
  #last = -Infinity;

  /** Shows progress on `target`, by default this process's standard error. */
  constructor(target: ProgressTarget = standardError()) {
    this.#target = target;
  }

  /**
   * Shows the present state. Cheap to call often: it draws at most ten times a second on a terminal
   * and prints at most every ten seconds elsewhere. Give a function where making the text costs.
   */
  update(text: string | (() => string)): void {
    const now = this.#target.now();
    const interval = this.#target.isTerminal ? TERMINAL_INTERVAL : PLAIN_INTERVAL;
    if (now - this.#last < interval) return;
    this.#last = now;
    const line = spellControls(typeof text === "string" ? text : text());
    if (this.#target.isTerminal) {
      this.#shown = line;
      this.#draw();
    } else {
      this.#target.write(`${line}\n`);
    }
  }

  /** Prints a line that stays, above the progress line. */
  print(line: string): void {
    this.#clear();
    this.#target.write(`${spellControls(line)}\n`);
    this.#draw();
  }

  /** Removes the progress line until the next update, so that something else can be printed. */
  clear(): void {
    this.#clear();
    this.#shown = "";
  }

  /** Removes the progress line: the work is done, and the next update is shown at once. */
  finish(): void {
    this.clear();
    this.#last = -Infinity;
  }

  #draw(): void {
    if (this.#shown === "") return;
    // The last column stays free: some terminals wrap as soon as it is filled.
    this.#target.write(CLEAR + this.#shown.slice(0, Math.max(0, this.#target.columns() - 1)));
  }

  #clear(): void {
    if (this.#shown !== "") this.#target.write(CLEAR);
  }
}

/**
 * Standard error of this process, so that standard output holds results alone. No work ends because
 * it cannot be told of: a terminal that is closed meanwhile is written to no more.
 */
export function standardError(): ProgressTarget {
  return {
    write: (text) => {
      const bytes = new TextEncoder().encode(text);
      try {
        for (let at = 0; at < bytes.length;) at += Deno.stderr.writeSync(bytes.subarray(at));
      } catch { /* There is nobody to tell. */ }
    },
    isTerminal: Deno.stderr.isTerminal(),
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
