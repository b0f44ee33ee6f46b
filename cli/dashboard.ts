/** `overfold dashboard`: runs, as a page that follows them. */

import { InputError } from "../errors.ts";
import { fromHome } from "../files/home.ts";
import { callOf } from "./calls.ts";
import type { Command } from "./command.ts";
import { DEFAULT_PORT, serveDashboard } from "./dashboard/server.ts";

/** `dashboard [RUNS]`. */
export const command: Command = {
  positionals: [{
    name: "RUNS",
    help: "A folder of runs, or one run's; by default runs",
    optional: true,
  }],
  options: {
    port: {
      value: "PORT",
      help: `Where it listens; by default the first free port from ${DEFAULT_PORT} on`,
    },
  },
  details:
    "Prints the address of a page that shows all runs in the folder, two levels deep, and follows those\n" +
    "that are under way: curves of several side by side, their configs, a table to search and sort by\n" +
    "any key of a config. It is served on 127.0.0.1 alone, to who has the token in the address, and\n" +
    "writes nothing. Ctrl-C ends it. `train --dashboard` serves the same while it trains.",
  async run(args, context) {
    const root = args.positionals[0] ?? fromHome("runs");
    const port = args.integer("port");
    if (port !== undefined && port > 65_535) {
      throw new InputError(`--port: found ${port}, expected at most 65535`);
    }
    if (!(await Deno.stat(root).catch(() => undefined))?.isDirectory) {
      throw new InputError(
        `${root}: expected a folder of runs, such as the output of a config; a training makes it`,
      );
    }
    const ended = interrupted();
    await using dashboard = serveDashboard({
      root,
      reportCall: callOf("report", context.call),
      port,
    });
    context.print(`dashboard of ${root}: ${dashboard.url}`);
    context.print("Ctrl-C ends it");
    context.emit({ root, url: dashboard.url });
    await ended;
  },
};

/** Resolves when the process is asked to end. */
function interrupted(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) Deno.addSignalListener(signal, resolve);
  return promise;
}
