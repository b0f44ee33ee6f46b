/** What is said of a training that cannot go on. */
import { DeviceError } from "../backends/backend.ts";
import type { RunState } from "../checkpoints/run_state.ts";
import { RunError, UserError } from "../errors.ts";
import { refusalOf } from "../files/refusal.ts";

/** A training whose loss or weights are no numbers any more: the recipe's fault, not the machine's. */
export class DivergedError extends RunError {}

/** A file of a run that cannot be written for a reason that a person can mend. */
export class UnwritableError extends RunError {}

/** Where a training stood when it failed. */
interface Failed {
  readonly state: RunState;
  /** The checkpoint it can go on from, for a person. */
  readonly checkpoint: string | undefined;
}

/** The error of a device that failed, with what to do about the training. */
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
 * The error of a loss or weights that are no numbers any more.
 *
 * @param what is wrong
 * @param step steps taken before the one that went wrong, and the rate of that one
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

/** The same where they were none from the start. */
export function brokenFromTheStart(what: string): DivergedError {
  return new DivergedError(
    `${what} before any weight was changed: look at the weights it goes on from and at the ` +
      "images and their normalization, not at the learning rate",
  );
}

/**
 * What to throw where `path` of a run cannot be written: a full disk and its like are no defects, for the
 * checkpoint before is whole.
 */
export function unwritable(path: string, error: unknown): unknown {
  // What writes a checkpoint has explained the refusal already, with other advice.
  const refusal = refusalOf(error instanceof UserError ? error.cause : error);
  return refusal === undefined ? error : new UnwritableError(
    `${path} cannot be written: ${refusal}; fix that, and the run can continue`,
    { cause: error },
  );
}
