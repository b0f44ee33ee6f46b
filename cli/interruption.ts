/** Ctrl-C and its kin: the first signal asks to stop, the second stops. */

import { EXIT } from "../errors.ts";

/** Listens for SIGINT and SIGTERM while work is under way. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #onSignal = () => {
    if (this.#controller.signal.aborted || !this.#isGraceful) Deno.exit(EXIT.interrupted);
    this.#controller.abort();
    this.onFirst();
  };
  #isGraceful = false;

  /** @param onFirst called at a first signal that does not end the process */
  constructor(private readonly onFirst: () => void) {
    for (const name of signals()) Deno.addSignalListener(name, this.#onSignal);
  }

  /**
   * Runs `work`, which stops when its signal aborts: at the first interruption. Outside of such work
   * the first interruption ends the process.
   */
  async gracefully<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#isGraceful = true;
    try {
      return await work(this.#controller.signal);
    } finally {
      this.#isGraceful = false;
    }
  }

  [Symbol.dispose](): void {
    for (const name of signals()) Deno.removeSignalListener(name, this.#onSignal);
  }
}

/** Windows has no SIGTERM. */
function signals(): Deno.Signal[] {
  return Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
}
