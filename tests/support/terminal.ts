/** A terminal emulated by xterm.js without a screen, to test what a person would see. */
import xterm from "npm:@xterm/headless@5.5.0";
import type { ProgressTarget } from "../../reporting/progress.ts";

/** Interprets what is written to it like a terminal. */
export class Terminal implements ProgressTarget {
  readonly isTerminal = true;
  /** Milliseconds. */
  time = 0;
  readonly #terminal: InstanceType<typeof xterm.Terminal>;
  /** Everything that was written. */
  written = "";

  constructor(columns: number, readonly colours = false) {
    // `convertEol` is what a terminal driver does.
    this.#terminal = new xterm.Terminal({
      cols: columns,
      rows: 12,
      convertEol: true,
      allowProposedApi: true,
    });
  }

  write(text: string): void {
    this.written += text;
    this.#terminal.write(text);
  }

  columns(): number {
    return this.#terminal.cols;
  }

  now(): number {
    return this.time;
  }

  /** Visible lines without trailing empty ones, and the position of the cursor. */
  async screen(): Promise<{ lines: string[]; cursor: [row: number, column: number] }> {
    await this.#settled();
    const { active } = this.#terminal.buffer;
    const lines = Array.from(
      { length: active.length },
      (_, i) => active.getLine(i)!.translateToString(true),
    );
    while (lines.at(-1) === "") lines.pop();
    return { lines, cursor: [active.baseY + active.cursorY, active.cursorX] };
  }

  /** Changes the width; long lines wrap as in most terminals. */
  async resize(columns: number): Promise<void> {
    await this.#settled();
    this.#terminal.resize(columns, 12);
  }

  #settled(): Promise<void> {
    return new Promise((resolve) => this.#terminal.write("", resolve));
  }
}
