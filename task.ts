/** The command line as called by the tasks of `deno.json`, so that its messages name the task. */
import { main } from "./cli.ts";

if (import.meta.main) {
  const [task = "", ...args] = Deno.args;
  Deno.exit(await main([task.replace(/:safe$/, ""), ...args], undefined, `deno task ${task}`));
}
