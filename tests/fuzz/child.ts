/**
 * Reads mutated files of one kind in a process that may crash. Prints a line of JSON for each,
 * after a first one when it is ready.
 */
import process from "node:process";
import { Fuzzer, type Outcome } from "./kind.ts";
import { KINDS } from "./registry.ts";

/** A line of output. */
export interface Report {
  /** Absent from the first line and for a failure. */
  readonly outcome?: Outcome;
  /** An error other than a UserError, with its stack. */
  readonly failure?: string;
  /** Processor time that the file took. */
  readonly milliseconds: number;
  /** Peak memory of the process so far, in MiB. */
  readonly peak: number;
}

/** Files between garbage collections, which a busy machine would run late. */
const COLLECT_EVERY = 100;

const { gc } = globalThis as unknown as { gc(): void };
const [kind, folder, first, count] = Deno.args;
const fuzzer = await Fuzzer.open(KINDS[kind], folder);
report({ milliseconds: 0 });
for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
  const start = process.cpuUsage();
  const result = await fuzzer.outcome(seed).then(
    (outcome) => ({ outcome }),
    (error) => ({ failure: error instanceof Error ? error.stack : String(error) }),
  );
  const { user, system } = process.cpuUsage(start);
  report({ ...result, milliseconds: (user + system) / 1000 });
  if (seed % COLLECT_EVERY === 0) gc();
}

function report(line: Omit<Report, "peak">): void {
  const peak = process.resourceUsage().maxRSS / 1024;
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify({ ...line, peak })}\n`));
}
