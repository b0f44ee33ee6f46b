/** Ctrl-C and its kin: the first signal asks to stop, the second stops. */

import { EXIT } from "../errors.ts";

/** Listens for SIGINT and SIGTERM while work is under way. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #onSignal = () => {
    if (this.#controller.signal.aborted || !this.#canFinish) Deno.exit(EXIT.interrupted);
    this.#controller.abort();
    this.#onFirst();
  };
  readonly #onFirst: () => void;
  #canFinish = false;

  /** @param onFirst called at the first signal, once {@link Interruption.finishFirst} was called */
  constructor(onFirst: () => void) {
    this.#onFirst = onFirst;
    for (const name of signals()) Deno.addSignalListener(name, this.#onSignal);
  }

  /** Aborts at the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on the first signal aborts {@link Interruption.signal}; before it ends the process. */
  finishFirst(): void {
    this.#canFinish = true;
  }

  [Symbol.dispose](): void {
    for (const name of signals()) Deno.removeSignalListener(name, this.#onSignal);
  }
}

/** Windows has no SIGTERM. */
function signals(): Deno.Signal[] {
  return Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
}
