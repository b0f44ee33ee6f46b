/** The command line as tasks of `deno.json` call it, so that what it advises to call is the task. */
import { main } from "./cli.ts";

if (import.meta.main) {
  const [task = "", ...args] = Deno.args;
  Deno.exit(await main([task.replace(/:safe$/, ""), ...args], undefined, `deno task ${task}`));
}
