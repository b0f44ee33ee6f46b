/**
 * A dashboard beside a training: in a thread of its own, which may read files and listen on this
 * machine and do nothing else. The training never waits for it.
 */

import { EXIT, InputError, RunError } from "../../errors.ts";
import type { ServeOptions } from "./server.ts";
import type { Reply } from "./thread.ts";

/** What the thread may do. Without the flag that allows to say so there is no bundler for its page. */
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

/** Serves a dashboard until it is disposed of. Throws as `serveDashboard` does. */
export async function dashboardBeside(
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
