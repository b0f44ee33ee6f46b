import { loadConfig } from "../../config/load.ts";
import { UserError } from "../../errors.ts";
import type { LogPart, RunSummary } from "../../pages/dashboard/data.ts";
import { exists } from "../../files/exists.ts";
import { type EpochRow, parseLogLine, runLogOf } from "../../training/log_rows.ts";
import { isBetter, type Monitor } from "../../training/metrics/monitor.ts";
import { objectiveOf, UNKNOWN_CLASSES } from "../../training/objectives/registry.ts";
import { monitored } from "../../training/recipe.ts";
import { isUnderWay, runFile } from "../../training/run_files.ts";
import { leavesOf } from "../report/run.ts";
import { readLogTail } from "./log_tail.ts";

/** A run in the list of a dashboard, updated from what its log has grown by. */
export class WatchedRun {
  /** The last update that found a change in this run. */
  changedAt = 0;
  #summary: RunSummary | undefined;
  #monitor: Monitor | undefined;
  #best: EpochRow | undefined;
  /** State of its log at the last look. */
  #seen = "";
  /** How far its log was read. */
  #end = 0;

  constructor(readonly name: string, readonly folder: string) {}

  /** Undefined before the first look. */
  get summary(): RunSummary | undefined {
    return this.#summary;
  }

  /** Reads what is new. Returns whether anything is. */
  async look(): Promise<boolean> {
    const before = this.#summary;
    const metrics = await statOf(runFile(this.folder, "metrics"));
    const seen = `${metrics?.size} ${metrics?.mtime?.getTime()}`;
    // There may be hundreds, each checked every second.
    if (before && before.status !== "running" && seen === this.#seen) return false;
    this.#seen = seen;
    const [timing, config] = await Promise.all(
      (["timing", "config"] as const).map((file) => statOf(runFile(this.folder, file))),
    );
    const edition = config?.mtime?.getTime() ?? 0;
    const bytes = { metrics: metrics?.size ?? 0, timing: timing?.size ?? 0 };
    const hasGrown = bytes.metrics !== before?.bytes.metrics ||
      bytes.timing !== before.bytes.timing;
    if (before?.edition === edition && !hasGrown) {
      if (before.status !== "running" || await isUnderWay(this.folder)) return false;
    }
    if (before?.edition !== edition || bytes.metrics < this.#end) await this.#begin(edition);
    const now = { ...this.#summary!, bytes, logged: (metrics ?? config)?.mtime?.getTime() ?? 0 };
    this.#summary = await this.#withStatus(await this.#withLog(now));
    return true;
  }

  /** What was logged from a byte position, or everything if it belongs to another edition. */
  async logFrom(edition: number, from: { metrics: number; timing: number }): Promise<LogPart> {
    const now = this.#summary?.edition ?? 0;
    const read = async (file: "metrics" | "timing") =>
      await readLogTail(runFile(this.folder, file), edition === now ? from[file] : 0);
    const [metrics, timing] = await Promise.all([read("metrics"), read("timing")]);
    if (metrics && timing) return { edition: now, metrics, timing };
    // It was truncated: as a new edition, it is read from the start.
    const none = { text: "", end: 0, isMore: true };
    return { edition: -1, metrics: none, timing: none };
  }

  async #begin(edition: number): Promise<void> {
    this.#end = 0;
    this.#best = undefined;
    const { name, folder } = this;
    const bare = {
      ...{ name, folder, edition, config: {}, metrics: {}, monitor: "", epochs: 0, epoch: 0 },
      ...{ step: null, loss: null, logged: 0, bytes: { metrics: 0, timing: 0 } },
      status: "stopped" as const,
    };
    try {
      const file = await loadConfig(runFile(folder, "config"), { isForeign: true });
      const { config, config: { training } } = file;
      const objective = file.at("training", () => objectiveOf(training.objective, UNKNOWN_CLASSES));
      this.#monitor = file.at("training", () => monitored(objective, training.monitor));
      this.#summary = {
        ...bare,
        config: leavesOf(config),
        metrics: Object.fromEntries(
          Object.entries(objective.metrics).map((
            [name, { title, unit }],
          ) => [name, { title, unit }]),
        ),
        monitor: this.#monitor.metric,
        epochs: training.epochs,
      };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#monitor = undefined;
      this.#summary = { ...bare, problem: error.message };
    }
  }

  /** Continues reading the log: keeps the lines of epochs, and the last line. */
  async #withLog(summary: RunSummary): Promise<RunSummary> {
    const epochs = [];
    let last;
    for (let isMore = true; isMore;) {
      const part = await readLogTail(runFile(this.folder, "metrics"), this.#end);
      if (!part) break;
      const lines = part.text.split("\n").slice(0, -1);
      epochs.push(...lines.filter((line) => line.includes('"event":"epoch"')));
      last = lines.at(-1) ?? last;
      ({ isMore, end: this.#end } = part);
    }
    const rows = runLogOf(epochs.map((line) => parseLogLine(line) ?? {}), []).epochs;
    for (const row of rows) {
      const { validation } = row;
      if (!validation || !this.#monitor) continue;
      if (isBetter(validation, this.#best?.validation, this.#monitor)) this.#best = row;
    }
    const entry = last === undefined ? undefined : parseLogLine(last) ?? {};
    const best = this.#best;
    return {
      ...summary,
      epoch: rows.at(-1)?.epoch ?? summary.epoch,
      ...(entry ? { step: numberOf(entry.step), loss: numberOf(entry.loss) } : {}),
      ...(best ? { best: { epoch: best.epoch, values: { ...best.validation } } } : {}),
    };
  }

  async #withStatus(summary: RunSummary): Promise<RunSummary> {
    const { folder } = this;
    const status = await isUnderWay(folder)
      ? "running"
      : summary.epoch >= summary.epochs
      ? "finished"
      : "training.earlyStopping.patience" in summary.config &&
          await exists(runFile(folder, "folded"))
      ? "stopped early"
      : "stopped";
    return { ...summary, status };
  }
}

async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  return await Deno.stat(path).catch(() => undefined);
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
