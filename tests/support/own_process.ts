/** Programs in a process of their own, for what a permission or the end of a process decides. */

/** What a process that has ended left. */
export interface Ended {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly out: string;
  readonly error: string;
}

/** Runs a module's text with these options of `deno run`, such as permissions. */
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
