/** The processes that read mutated files, and their limits. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Report } from "./child.ts";

/** Limits per file; processor time, so that other load on the machine does not matter. */
const MOST = { milliseconds: 2000, mebibytes: 300 };
/** Milliseconds after which a file is taken to hang, even on a busy machine. */
const HANG = 20_000;
/** Milliseconds within which a process is ready, even on a busy machine. */
const START = 60_000;

/** Files of one kind. */
export interface Share {
  readonly kind: string;
  readonly first: number;
  readonly count: number;
}

/**
 * The outcomes of the files of a share, read one after the other in a separate process. Ends with
 * the first file at which the process crashes or is killed for exceeding a limit.
 */
export async function* readShare(
  { kind, first, count }: Share,
  folder: string,
): AsyncGenerator<Report, void, void> {
  const child = spawn(Deno.execPath(), [
    ...["run", "--v8-flags=--expose-gc", "--no-prompt"],
    ...["--allow-read", "--allow-write", "--allow-env"],
    ...[new URL("child.ts", import.meta.url).href, kind, folder, `${first}`, `${count}`],
  ], { stdio: ["ignore", "pipe", "inherit"] });
  let end = "";
  const stop = (reason: string) => {
    end ||= reason;
    child.kill("SIGKILL");
  };
  const exit = new Promise<void>((resolve) =>
    child.on("exit", (code, signal) => {
      end ||= `the process ended with ${code ?? signal}`;
      resolve();
    })
  );
  const limit = (ms: number) => setTimeout(() => stop(`not done after ${ms} ms`), ms);
  let timer = limit(START);
  let done = -1;
  let last = { milliseconds: 0, peak: 0 };
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      clearTimeout(timer);
      const report: Report = JSON.parse(line);
      if (report.peak > MOST.mebibytes) {
        stop(`the process holds ${report.peak.toFixed(0)} MiB`);
        last = report;
        break;
      }
      const { milliseconds } = report;
      const failure = milliseconds > MOST.milliseconds
        ? `took ${milliseconds.toFixed(0)} ms of processor time`
        : report.failure;
      if (++done > 0) yield { ...report, ...(failure === undefined ? {} : { failure }) };
      timer = limit(HANG);
    }
  } finally {
    clearTimeout(timer);
    if (done < count) stop("");
    await exit;
  }
  if (done < 0) throw new Error(`no file of the kind ${kind} could be read: ${end}`);
  if (done < count) yield { ...last, failure: end };
}
