/** `overfold dashboard`: serves a web page that shows runs live. */

import { InputError } from "../errors.ts";
import { fromHome } from "../files/home.ts";
import { callOf, type Command } from "./command.ts";
import { DEFAULT_PORT, serveDashboard } from "./dashboard/server.ts";

export const command: Command = {
  positionals: [{
    name: "RUNS",
    help: "A folder of runs, or of one run; by default runs",
    optional: true,
  }],
  options: {
    port: {
      value: "PORT",
      help: `Port to listen on; by default the first free one from ${DEFAULT_PORT}`,
    },
  },
  details:
    "Prints the address of a page that shows all runs in the folder, two levels deep, and updates as they\n" +
    "train: curves of several runs side by side, their configs, and a table that can be searched and\n" +
    "sorted by any key of a config. The server listens on 127.0.0.1 only, requires the token in the\n" +
    "address, and writes nothing. Ctrl-C stops it. `train --dashboard` serves the same while it trains.",
  async run(args, context) {
    const root = args.positionals[0] ?? fromHome("runs");
    const port = args.integer("port");
    if (port !== undefined && port > 65_535) {
      throw new InputError(`--port: found ${port}, expected at most 65535`);
    }
    if (!(await Deno.stat(root).catch(() => undefined))?.isDirectory) {
      throw new InputError(
        `${root}: expected a folder of runs, such as the output of a config; a training creates it`,
      );
    }
    const ended = interrupted();
    await using dashboard = serveDashboard({
      root,
      reportCall: callOf("report", context.call),
      port,
    });
    context.print(`dashboard of ${root}: ${dashboard.url}`);
    context.print("Ctrl-C stops it");
    context.emit({ root, url: dashboard.url });
    await ended;
  },
};

/** Resolves when the process is asked to stop. */
function interrupted(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) Deno.addSignalListener(signal, resolve);
  return promise;
}
