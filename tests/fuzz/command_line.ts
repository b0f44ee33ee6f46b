/** Runs commands in this process, to fuzz their input. */
import { EXIT, InputError } from "../../errors.ts";
import { run } from "../support/command_line.ts";

// No GPU: drivers are not fuzzed, and would count as memory.
navigator.gpu.requestAdapter = () => Promise.resolve(null);

/** What a terminal may interpret: anything but text, tabs and line ends. */
const CONTROL = /[^\P{Cc}\t\n]/u;

/**
 * Runs `overfold ARGS…`. Throws InputError if it reports an error, and an Error if it reports a
 * defect or prints control characters.
 */
export async function commandLine(...args: string[]): Promise<void> {
  const { code, out, error } = await run(...args);
  const text = out + error;
  if (text.includes("error: this is a defect")) throw new Error(text);
  if (CONTROL.test(text)) throw new Error(`control characters in ${JSON.stringify(text)}`);
  if (code !== EXIT.success) throw new InputError(text);
}
