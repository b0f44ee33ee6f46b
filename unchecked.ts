/**
 * The command line in a process that V8's flags make faster and less safe (docs/cpu.md): the entry
 * point of `deno task train` and `deno task bench`.
 *
 * Without bounds checks a wrong address in any WebAssembly corrupts the process instead of
 * trapping. So only commands run here that load no WebAssembly but Overfold's own kernels, and
 * `--safe` starts the command anew, in a process without the flags.
 */
import { main } from "./cli.ts";
import { EXIT } from "./errors.ts";

/** The commands that may run here; `deno.json` has a task `COMMAND:safe` for each. */
export const UNCHECKED_COMMANDS: readonly string[] = ["train", "bench"];

/** Runs the task of a command that has no flags, and returns its exit code. */
async function runSafely([command, ...args]: readonly string[]): Promise<number> {
  const config = decodeURIComponent(new URL("deno.json", import.meta.url).pathname);
  const child = new Deno.Command("deno", {
    args: ["task", "--quiet", "--config", config, "--cwd", Deno.cwd(), `${command}:safe`, ...args],
  }).spawn();
  // A terminal sends the interrupt to both processes: the child decides what it means.
  Deno.addSignalListener("SIGINT", () => {});
  if (Deno.build.os !== "windows") {
    for (const name of ["SIGTERM", "SIGHUP"] as const) {
      Deno.addSignalListener(name, () => child.kill(name));
    }
  }
  return (await child.status).code;
}

async function run(args: readonly string[]): Promise<number> {
  if (!UNCHECKED_COMMANDS.includes(args[0])) {
    console.error(`error: "${args[0]}" does not run without bounds checks; use cli.ts`);
    return EXIT.badInput;
  }
  return await (args.includes("--safe") ? runSafely(args) : main(args, undefined, "deno task"));
}

if (import.meta.main) Deno.exit(await run(Deno.args));
