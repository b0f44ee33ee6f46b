/** A terminal that is none: xterm.js without a screen, for what a person would see. */
import xterm from "npm:@xterm/headless@5.5.0";
import type { ProgressTarget } from "../../reporting/progress.ts";

/** What is written to it is carried out as by a terminal. */
export class Terminal implements ProgressTarget {
  readonly isTerminal = true;
  /** Milliseconds. */
  time = 0;
  readonly #terminal: InstanceType<typeof xterm.Terminal>;
  /** All that was written. */
  written = "";

  constructor(columns: number, readonly colours = false) {
    // `convertEol`: what a terminal's driver does.
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

  /** Lines that are seen, without empty ones at the end, and where the cursor is. */
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

  /** Makes it so wide; long lines wrap as in most terminals. */
  async resize(columns: number): Promise<void> {
    await this.#settled();
    this.#terminal.resize(columns, 12);
  }

  #settled(): Promise<void> {
    return new Promise((resolve) => this.#terminal.write("", resolve));
  }
}
