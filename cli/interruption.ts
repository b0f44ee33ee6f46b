/** Handles Ctrl-C and similar signals: the first asks to stop, the second stops at once. */

import { EXIT } from "../errors.ts";
import { ALONE, type Ranks } from "../ranks/ranks.ts";
import type { Context } from "./command.ts";

/** Listens for signals during work. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #listeners = listeners(() => this.#stop(), () => this.#hasten());
  #isGraceful = false;
  /** Whether a signal has asked to stop. */
  #isAsked = false;
  #outputFailure: unknown;

  /**
   * @param onFirst called at a first signal that does not end the process
   * @param beforeExit called before a signal ends it. Default: nothing
   * @param hastens whether a second signal ends the process at once. Default: true
   */
  constructor(
    private readonly onFirst: () => void,
    private readonly beforeExit: () => void = () => {},
    private readonly hastens = true,
  ) {
    for (const [name, listener] of this.#listeners) Deno.addSignalListener(name, listener);
  }

  /**
   * Runs `work`, which stops when its signal aborts: at the first interruption, or when printing in its
   * context finds standard output closed or full. Outside of such work the first interruption ends the
   * process.
   */
  async gracefully<T>(
    context: Context,
    work: (signal: AbortSignal, context: Context) => Promise<T>,
  ): Promise<T> {
    const { print, emit } = context;
    const guarded = { ...context, print: this.#guarded(print), emit: this.#guarded(emit) };
    this.#isGraceful = true;
    try {
      return await work(this.#controller.signal, guarded);
    } finally {
      this.#isGraceful = false;
    }
  }

  /** The error of standard output while the work printed, if any. */
  get outputFailure(): unknown {
    return this.#outputFailure;
  }

  [Symbol.dispose](): void {
    for (const [name, listener] of this.#listeners) Deno.removeSignalListener(name, listener);
  }

  #guarded<A>(write: (value: A) => void): (value: A) => void {
    return (value) => {
      if (this.#outputFailure !== undefined) return;
      try {
        write(value);
      } catch (error) {
        this.#outputFailure = error;
        this.#controller.abort();
      }
    };
  }

  #stop(): void {
    if (!this.#isGraceful) this.#exit();
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#controller.abort();
    this.onFirst();
  }

  #hasten(): void {
    if (this.#isAsked && this.hastens) this.#exit();
    this.#stop();
  }

  #exit(): never {
    this.beforeExit();
    Deno.exit(EXIT.interrupted);
  }
}

/**
 * For trainings, which stop between two steps.
 *
 * @param ranks the ranks of the training; their launcher passes signals on, sometimes twice
 */
export function stopAfterStep({ progress }: Context, ranks: Ranks = ALONE): Interruption {
  const isAlone = ranks.size === 1;
  const again = isAlone ? "; press Ctrl-C again to stop at once" : "";
  return new Interruption(
    () => progress.print(`stopping after this step${again}`),
    () => {
      progress.finish();
      if (!isAlone) ranks.abort(EXIT.interrupted);
    },
    isAlone,
  );
}

/**
 * What each signal does. A terminal that is closed may send its signal several times, to each process
 * of a group and to their parent, which passes it on: repetitions do not mean that a user insists.
 */
function listeners(stop: () => void, hasten: () => void): [Deno.Signal, () => void][] {
  // Windows has no others. Cluster schedulers are asked to send SIGUSR2 before the time limit.
  if (Deno.build.os === "windows") return [["SIGINT", hasten]];
  return [["SIGINT", hasten], ["SIGTERM", hasten], ["SIGHUP", stop], ["SIGUSR2", stop]];
}
