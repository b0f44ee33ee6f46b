/** Runs programs in a separate process, to test permissions or the end of a process. */

/** The result of a process. */
export interface Ended {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly out: string;
  readonly error: string;
}

/** Runs a module, given as text, with these options of `deno run`, such as permissions. */
export async function runText(text: string, ...options: string[]): Promise<Ended> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--no-check", "--no-prompt", ...options, "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { code, signal, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  return { code, signal, out: decoder.decode(stdout), error: decoder.decode(stderr) };
}
