/** Several trainings of a comparison at once, each in its own thread. */

import { splitThreads } from "./backend.ts";
import type { PlannedRun } from "../comparison/planned_run.ts";
import type { TrainingOutcome } from "../training/observer.ts";
import type { Context } from "./command.ts";
import { errorOf, type FromJob, type ToJob } from "./compare_messages.ts";

/** Trains a run and returns how it ended. */
export type Train = (run: PlannedRun) => Promise<TrainingOutcome["status"]>;

interface JobOptions {
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly context: Context;
}

/**
 * Starts a thread that trains one run after another and prints their messages under their names. It
 * lives as long as the process: terminating it would also terminate its own threads at any moment.
 *
 * @returns a function that trains a run there and returns how it ended; it throws what the training threw
 */
export function trainingThread({ jobs, signal, context }: JobOptions): Train {
  const { call, json, progress } = context;
  const worker = new Worker(new URL("./compare_worker.ts", import.meta.url), { type: "module" });
  const send = (message: ToJob) => worker.postMessage(message);
  signal.addEventListener("abort", () => send({ stop: true }));
  return ({ name, config, set, path, file }) =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<FromJob>) => {
        if ("print" in data) context.print(`${name}: ${data.print}`);
        else if ("emit" in data) context.emit({ run: name, ...data.emit });
        else if ("note" in data) progress.print(`${name}: ${data.note}`);
        else if ("failure" in data) reject(errorOf(data.failure));
        else resolve(data.status);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
      const threads = splitThreads(file.config.threads, jobs);
      send({ job: { config, set, path, threads, call, json } });
    });
}
