/**
 * A thread that trains runs of a comparison, so that several can be trained at once. It sends its output
 * to the thread that started it and receives requests to stop from there. It has no network access:
 * everything it needs is already on this machine.
 */

import { loadConfig } from "../config/load.ts";
import { Progress } from "../reporting/progress.ts";
import type { TrainingOutcome } from "../training/observer.ts";
import type { Context } from "./command.ts";
import {
  failureOf,
  type FromJob,
  type Job,
  RESUME_ADVICE,
  type ToJob,
} from "./compare_messages.ts";
import { trainConfig } from "./train_config.ts";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<ToJob>) => void;
  postMessage(message: FromJob): void;
};
const send = (message: FromJob) => scope.postMessage(message);
const stop = new AbortController();

scope.onmessage = async ({ data }) => {
  if ("stop" in data) return stop.abort();
  try {
    send({ status: await train(data.job) });
  } catch (error) {
    send({ failure: failureOf(error) });
  }
};

async function train(
  { config, set, path, threads, call, json }: Job,
): Promise<TrainingOutcome["status"]> {
  const context: Context = {
    call,
    json,
    print: (line) => send({ print: line }),
    emit: (record) => send({ emit: record }),
    progress: new Progress({
      write: (text) => send({ note: text.trimEnd() }),
      isTerminal: false,
      columns: () => Infinity,
      now: () => performance.now(),
    }),
    loadCommands: () => Promise.resolve(),
  };
  const interruption = {
    gracefully: <T>(
      context: Context,
      work: (signal: AbortSignal, context: Context) => Promise<T>,
    ) => work(stop.signal, context),
    outputFailure: undefined,
  };
  const file = await loadConfig(config, { set: [...set] });
  return await trainConfig(
    { file, path, existing: "resume", resumeAdvice: RESUME_ADVICE, threads },
    interruption,
    context,
  );
}
