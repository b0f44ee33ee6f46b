/** The command line as tasks of `deno.json` call it, so that what it advises to call is the task. */
import { main } from "./cli.ts";

if (import.meta.main) {
  const [task = "", ...args] = Deno.args;
  const command = task.replace(/:safe$/, "").replace(":", "-");
  Deno.exit(await main([command, ...args], undefined, `deno task ${task}`));
}
