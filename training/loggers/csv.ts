import { join } from "node:path";
import { writeFileAtomic } from "../../files/atomic.ts";
import { removeTemporary } from "../../files/temporary.ts";
import { z } from "../../schema/entry.ts";
import { LogFile } from "../log_file.ts";
import type { LogEntry } from "../log_rows.ts";
import type { LoggedRun, LoggerEntry } from "./logger.ts";
import { numbersOf } from "./logger.ts";

const schema = z.object({});

/** `steps.csv` and `epochs.csv`: one row per entry, one column per number. */
export const csv: LoggerEntry<typeof schema> = {
  about: "Tables for spreadsheets: steps.csv and epochs.csv",
  schema,
  files: /^(steps|epochs)\.csv$/,
  async build(_, run) {
    const tables = {
      step: await Table.open("step", "steps.csv", run),
      epoch: await Table.open("epoch", "epochs.csv", run),
    };
    return {
      log: (entry) => tables[entry.event as keyof typeof tables]?.add(entry),
      close: () => Object.values(tables).forEach((table) => table.close()),
    };
  },
};

/**
 * The table of one kind of entries. It is rewritten from the run's log when a run is resumed, so
 * that it matches the log, and when an entry has a number without a column.
 */
class Table {
  #columns: readonly string[] = [];
  #file: LogFile | undefined;

  private constructor(
    private readonly event: string,
    private readonly path: string,
    private readonly run: LoggedRun,
  ) {}

  static async open(event: string, name: string, run: LoggedRun): Promise<Table> {
    const table = new Table(event, join(run.folder, name), run);
    await removeTemporary(table.path);
    await table.#writeAll();
    return table;
  }

  async add(entry: LogEntry): Promise<void> {
    if (numbersOf(entry).some(([name]) => !this.#columns.includes(name))) await this.#writeAll();
    else await this.#file?.write(this.#row(entry));
  }

  close(): void {
    this.#file?.close();
  }

  async #writeAll(): Promise<void> {
    const { path, run: { disk } } = this;
    const entries = (await this.run.entries()).filter(({ event }) => event === this.event);
    const names = entries.flatMap((entry) => numbersOf(entry).map(([name]) => name));
    this.#columns = [...new Set(names)];
    const heading = line(["epoch", "step", ...this.#columns]);
    this.close();
    await writeFileAtomic(path, heading + entries.map((entry) => this.#row(entry)).join(""), disk);
    this.#file = await LogFile.open(path, Infinity, disk);
  }

  #row(entry: LogEntry): string {
    const numbers = new Map(numbersOf(entry));
    const cells = this.#columns.map((name) => numbers.get(name) ?? "");
    return line([Number(entry.epoch), Number(entry.step), ...cells]);
  }
}

/** A line of RFC 4180: a custom objective may give a metric any name. */
function line(cells: readonly (string | number)[]): string {
  const quoted = (text: string) => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  return `${cells.map(String).map(quoted).join(",")}\n`;
}
