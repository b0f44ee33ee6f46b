/**
 * Reads mutated files of one kind in a process that may fall: a line of JSON on standard output for
 * each, after a first one when all is ready.
 */
import process from "node:process";
import { Fuzzer, type Outcome } from "./kind.ts";
import { KINDS } from "./registry.ts";

/** What a line says. */
export interface Report {
  /** Absent from the first line, and where there was a failure. */
  readonly outcome?: Outcome;
  /** What was thrown, if it was no UserError, with its stack. */
  readonly failure?: string;
  /** Of processor time that the file took. */
  readonly milliseconds: number;
  /** The most memory that the process has held so far, in MiB. */
  readonly peak: number;
}

/** After so many files what they left behind is collected, which a busy machine does late. */
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
