/**
 * A dashboard next to a training: in its own thread, which may only read files and listen on this
 * machine. The training never waits for it.
 */

import { EXIT, InputError, RunError } from "../../errors.ts";
import type { ServeOptions } from "./server.ts";
import type { Reply } from "./thread.ts";

/** The thread's permissions. Without the flag for setting them, the page cannot be bundled. */
const MAY: Pick<WorkerOptions, "deno"> = "bundle" in Deno
  ? {
    deno: {
      permissions: {
        env: ["HOME", "LOG_TOKENS", "LOG_STREAM"],
        ffi: false,
        import: false,
        net: ["127.0.0.1"],
        read: true,
        run: false,
        sys: false,
        write: false,
      },
    },
  }
  : {};

/** Serves a dashboard until it is disposed. Throws as `serveDashboard` does. */
export async function startDashboard(
  options: ServeOptions,
): Promise<{ readonly url: string } & Disposable> {
  const worker = new Worker(new URL("./thread.ts", import.meta.url), { type: "module", ...MAY });
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new RunError(`the dashboard has failed: ${event.message}`));
  };
  worker.postMessage(options);
  const reply = await promise;
  if ("url" in reply) return { url: reply.url, [Symbol.dispose]: () => worker.terminate() };
  worker.terminate();
  const Kind = reply.exitCode === EXIT.badInput ? InputError : RunError;
  throw new Kind(reply.problem);
}
