/**
 * Reads mutated files of every untrusted kind, and runs the networks in accepted ones with guard
 * bytes around every buffer. Anything worse than a refusal, or that takes more than 2 seconds of
 * processor time or 300 MiB, is printed with the command that reproduces it:
 *
 *     deno task fuzz [--kind KIND] [--count FILES] [--seed FIRST] [--processes N]
 */
import { parseArgs } from "node:util";
import { withFolder } from "../support/folder.ts";
import { readShare, type Share } from "./process.ts";
import { KINDS } from "./registry.ts";
import { Totals } from "./totals.ts";

/** Maximum files per process: the limit on memory is meant for a process that has read no more. */
const SHARE = 2500;

/** Takes shares off the list, one at a time, until none is left. */
async function work(shares: Share[], totals: Totals): Promise<void> {
  for (let share = shares.shift(); share; share = shares.shift()) {
    let { kind, first, count } = share;
    await withFolder(async (folder) => {
      for await (const report of readShare({ kind, first, count }, folder)) {
        totals.add(first++, report);
        count--;
      }
    });
    if (count > 0) shares.unshift({ kind, first, count });
  }
}

const { values } = parseArgs({
  options: {
    kind: { type: "string", multiple: true, default: Object.keys(KINDS) },
    count: { type: "string", default: "10000" },
    seed: { type: "string", default: "0" },
    processes: { type: "string", default: `${navigator.hardwareConcurrency}` },
  },
});
const [first, count] = [Number(values.seed), Number(values.count)];
const unknown = values.kind.filter((kind) => !Object.hasOwn(KINDS, kind));
if (unknown.length > 0) {
  console.error(`--kind ${unknown.join(", ")}: expected ${Object.keys(KINDS).join(", ")}`);
  Deno.exit(2);
}
let failed = 0;
for (const kind of values.kind) {
  const totals = new Totals(kind);
  const shares: Share[] = [];
  for (let at = 0; at < count; at += SHARE) {
    shares.push({ kind, first: first + at, count: Math.min(SHARE, count - at) });
  }
  await Promise.all(Array.from({ length: Number(values.processes) }, () => work(shares, totals)));
  console.log(`${totals}`);
  failed += totals.failed;
}
Deno.exit(failed > 0 ? 1 : 0);
