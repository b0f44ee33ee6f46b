/** Messages from and to threads that train runs of a comparison. */

import type { Config } from "../config/schema.ts";
import { InputError, RunError, stackOf, UserError } from "../errors.ts";
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
  readonly kind: keyof typeof KINDS;
  readonly message: string;
}

/** Kinds of errors, the special before the general. */
const KINDS = { diverged: DivergedError, input: InputError, run: RunError, defect: Error };

/** The line printed for a run that was stopped. */
export const RESUME_ADVICE = "the same command resumes it";

/** Serializes an error. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof UserError)) {
    return { kind: "defect", message: stackOf(error) };
  }
  const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[];
  return { kind: kinds.find((kind) => error instanceof KINDS[kind])!, message: error.message };
}

/** Restores a serialized error. */
export function errorOf({ kind, message }: Failure): Error {
  return new KINDS[kind](message);
}
