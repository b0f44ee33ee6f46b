/** A run with its logs, updated as they grow. */
import { type LogEntry, parseLogLine, runLogOf } from "../../training/log_rows.ts";
import type { RunData } from "../report/data.ts";
import { curvesOf } from "../report/logged.ts";
import type { RunSummary } from "./data.ts";
import { askForLog } from "./server.ts";

/** The run. */
export class FollowedRun {
  #edition = -1;
  #metrics: LogEntry[] = [];
  #timing: LogEntry[] = [];
  #read = { metrics: 0, timing: 0 };

  constructor(private readonly name: string) {}

  /** Reads what was logged since. Returns whether there was anything. */
  async follow({ edition, bytes }: RunSummary): Promise<boolean> {
    let hasGrown = false;
    const isBehind = () =>
      this.#edition !== edition || this.#read.metrics !== bytes.metrics ||
      this.#read.timing !== bytes.timing;
    for (let isMore = isBehind(); isMore;) {
      const part = await askForLog(this.name, this.#edition, this.#read);
      if (part.edition !== this.#edition) [this.#metrics, this.#timing] = [[], []];
      this.#edition = part.edition;
      this.#metrics.push(...entriesOf(part.metrics.text));
      this.#timing.push(...entriesOf(part.timing.text));
      this.#read = { metrics: part.metrics.end, timing: part.timing.end };
      isMore = part.metrics.isMore || part.timing.isMore;
      hasGrown ||= part.metrics.text !== "" || part.timing.text !== "";
    }
    return hasGrown;
  }

  /** Its data in a report, as far as lists and logs provide it. */
  data({ name, folder, status, config, metrics, monitor, best }: RunSummary): RunData {
    const { steps, epochs } = runLogOf(this.#metrics, this.#timing);
    return {
      ...{ name, folder, status, config, metrics, monitor, best },
      missing: [],
      command: "",
      curves: curvesOf(steps, epochs),
      environment: [],
      files: [],
    };
  }
}

function entriesOf(text: string): LogEntry[] {
  return text.split("\n").slice(0, -1).flatMap((line) => {
    const entry = parseLogLine(line);
    return entry ? [entry] : [];
  });
}
