/** Commands run in this process, for what they make of their input. */
import { EXIT, InputError } from "../../errors.ts";
import { run } from "../support/command_line.ts";

// A driver is neither fuzzed nor counted into the memory.
navigator.gpu.requestAdapter = () => Promise.resolve(null);

/** What a terminal may obey: anything but text, tabs and line ends. */
const CONTROL = /[^\P{Cc}\t\n]/u;

/**
 * Runs `overfold ARGS…`. Throws InputError where it fails in an orderly way, and an Error where it
 * calls itself defective or prints control characters.
 */
export async function commandLine(...args: string[]): Promise<void> {
  const { code, out, error } = await run(...args);
  const text = out + error;
  if (text.includes("error: this is a defect")) throw new Error(text);
  if (CONTROL.test(text)) throw new Error(`control characters in ${JSON.stringify(text)}`);
  if (code !== EXIT.success) throw new InputError(text);
}
