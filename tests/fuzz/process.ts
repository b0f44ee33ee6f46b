/** The processes that read mutated files, and what they may take. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Report } from "./child.ts";

/** What no file may take; the time is the processor's, whatever else the machine does. */
const MOST = { milliseconds: 2000, mebibytes: 300 };
/** Milliseconds after which a file hangs, on a machine that has much to do. */
const HANG = 20_000;
/** Milliseconds in which a process is ready, on a machine that has much to do. */
const START = 60_000;

/** Files of one kind. */
export interface Share {
  readonly kind: string;
  readonly first: number;
  readonly count: number;
}

/**
 * What becomes of the files of a share, one after the other, read by a process of their own. Ends
 * with the first that the process does not survive: it falls, or is ended for taking too much.
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
