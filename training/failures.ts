/** Errors of a training that cannot continue. */
import { DeviceError } from "../backends/backend.ts";
import type { RunState } from "../checkpoints/run_state.ts";
import { RunError, UserError } from "../errors.ts";
import { refusalOf } from "../files/refusal.ts";

/** A training whose loss or weights are no longer finite: caused by the recipe, not the machine. */
export class DivergedError extends RunError {}

/** A file of a run that cannot be written for a reason that the user can fix. */
export class UnwritableError extends RunError {}

/** The position of a training when it failed. */
interface Failed {
  readonly state: RunState;
  /** The checkpoint it can resume from, for messages. */
  readonly checkpoint: string | undefined;
}

/** The error for a failed device, with advice about the training. */
export function interruptedBy(error: DeviceError, { state, checkpoint }: Failed): DeviceError {
  const { step, epoch } = state;
  return new DeviceError(
    `${error.message}; the training had taken ${step} steps (epoch ${epoch + 1}). ` +
      (checkpoint
        ? `Resume from the last checkpoint, ${checkpoint}.`
        : "No checkpoint had been saved yet: start again."),
    { cause: error },
  );
}

/**
 * The error for a loss or weights that are no longer finite.
 *
 * @param what what is wrong
 * @param step steps taken before the failed one, and the learning rate of that one
 */
export function diverged(
  what: string,
  { step, learningRate }: { readonly step: number; readonly learningRate: number },
  { state, checkpoint }: Failed,
): DivergedError {
  return new DivergedError(
    `the training diverged: ${what} at step ${step + 1} (epoch ${state.epoch + 1}), ` +
      `learning rate ${learningRate}. ` +
      (checkpoint
        ? `The last good checkpoint is ${checkpoint}. `
        : "No checkpoint had been saved yet. ") +
      "Lower training.optimizer.learningRate, add a warm-up or set training.clip.",
  );
}

/** The same if they were not finite from the start. */
export function brokenFromTheStart(what: string): DivergedError {
  return new DivergedError(
    `${what} before any weight was changed: check the weights it started from and the ` +
      "images and their normalization, not at the learning rate",
  );
}

/**
 * The error to throw if `path` of a run cannot be written: a full disk and the like are not bugs,
 * since the previous checkpoint is intact.
 */
export function unwritable(path: string, error: unknown): unknown {
  // Writing a checkpoint has already explained the refusal, with other advice.
  const refusal = refusalOf(error instanceof UserError ? error.cause : error);
  return refusal === undefined ? error : new UnwritableError(
    `${path} cannot be written: ${refusal}; fix that, and the run can continue`,
    { cause: error },
  );
}
