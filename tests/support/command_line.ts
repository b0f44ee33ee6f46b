/** The command line in this process. */
import { main } from "../../cli.ts";

/** Runs `overfold ARGS…`; returns its output and exit code. */
export async function run(...args: string[]) {
  let out = "";
  let error = "";
  const code = await main(args, {
    out: (text) => void (out += text),
    error: {
      write: (text) => void (error += text),
      isTerminal: false,
      columns: () => 80,
      now: () => 0,
    },
  });
  return { code, out, error };
}
