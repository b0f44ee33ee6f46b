/** Messages from and to threads that train runs of a comparison. */

import type { Config } from "../config/schema.ts";
import { InputError, RunError, UserError } from "../errors.ts";
import { DivergedError } from "../training/failures.ts";
import type { TrainingOutcome } from "../training/observer.ts";

/** The run to train: its config, the overrides and its folder. */
export interface Job {
  readonly config: string;
  readonly set: readonly string[];
  readonly path: string;
  readonly threads: Config["threads"];
  readonly call: string;
  readonly json: boolean;
}

/** To a thread. */
export type ToJob = { readonly job: Job } | { readonly stop: true };

/** From a thread. */
export type FromJob =
  | { readonly print: string }
  | { readonly emit: Readonly<Record<string, unknown>> }
  | { readonly note: string }
  | { readonly status: TrainingOutcome["status"] }
  | { readonly failure: Failure };

interface Failure {
  readonly kind: "input" | "run" | "diverged" | "defect";
  readonly message: string;
}

/** The line printed for a run that was stopped. */
export const RESUME_ADVICE = "the same command resumes it";

/** Serializes an error. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof UserError)) {
    const details = error instanceof Error ? error.stack ?? error.message : String(error);
    return { kind: "defect", message: details };
  }
  const kind = error instanceof DivergedError
    ? "diverged"
    : error instanceof InputError
    ? "input"
    : "run";
  return { kind, message: error.message };
}

/** Restores a serialized error. */
export function errorOf({ kind, message }: Failure): Error {
  switch (kind) {
    case "diverged":
      return new DivergedError(message);
    case "input":
      return new InputError(message);
    case "run":
      return new RunError(message);
    case "defect":
      return new Error(message);
  }
}
