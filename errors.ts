/**
 * The errors a user of Overfold can meet, and the exit codes that stand for them.
 *
 * A {@link UserError} has a complete sentence for the user: what was found, what was expected and
 * what to do. The command line prints the message alone, never a stack trace. Anything else that is
 * thrown is a bug in Overfold and keeps its stack.
 */

/** Exit codes of the command line. */
export const EXIT = { success: 0, failure: 1, badInput: 2, interrupted: 130 } as const;

/** An error whose message is meant for the user. */
export class UserError extends Error {
  /** `UserError`; a subclass has its own. */
  override name = "UserError";
  /** The process exit code that stands for this error. */
  readonly exitCode: number = EXIT.failure;
}

/** The path to a value: keys of mappings and indices of lists. */
export type OptionPath = readonly (string | number)[];

/** An input is wrong: a config, an argument, a file, a shape. Exit code 2. */
export class InputError extends UserError {
  /** Path of the wrong part of the input; absent for the whole input or no particular part. */
  readonly at?: OptionPath;

  /** An error with this message; `at` is the path of the wrong part. */
  constructor(message: string, { at, ...options }: ErrorOptions & { at?: OptionPath } = {}) {
    super(message, options);
    this.at = at;
  }

  /** `InputError`. */
  override name = "InputError";
  /** 2: nothing was run. */
  override readonly exitCode: number = EXIT.badInput;
}

/** Something failed while running on correct input: a download, a device, a diverged loss. Exit code 1. */
export class RunError extends UserError {
  /** `RunError`. */
  override name = "RunError";
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The stack of anything that was thrown, or else its message: what a report of a bug needs. */
export function stackOf(error: unknown): string {
  return error instanceof Error && error.stack !== undefined ? error.stack : messageOf(error);
}

/**
 * Runs `work` on the part of an input at `path`: the paths (`at`) of its InputErrors become
 * relative to the whole input.
 */
export function within<T>(path: OptionPath, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InputError) || !error.at) throw error;
    throw new InputError(error.message, { at: [...path, ...error.at], cause: error });
  }
}
