/**
 * Runs many random modules as native code and as WebAssembly and compares the resulting bits:
 *
 *     deno task random-modules [COUNT] [--seed FIRST] [--level avx2|avx512] [--processes N]
 *
 * Each module is run at one level, the levels in turn. Modules that differ, or end the process, are
 * printed with their seeds; the exit code is then 1.
 */
import { fromFileUrl } from "@std/path";
import { parseArgs } from "node:util";
import { nativeLevels } from "../../../support/native.ts";
import { compareRandomModule } from "../../../support/random_module_run.ts";

const { positionals: [count = "100000"], values } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "0" },
    level: { type: "string", multiple: true, default: nativeLevels() },
    processes: { type: "string", default: `${navigator.hardwareConcurrency}` },
    share: { type: "boolean", default: false },
  },
});
const levels = nativeLevels().filter((level) => values.level.includes(level));
if (levels.length === 0) {
  throw new Error("this machine runs no native code of the levels asked for");
}

/** Compares the modules of a range of seeds; returns how many differed. */
function runShare(first: number, end: number): number {
  let failed = 0;
  for (let seed = first; seed < end; seed++) {
    const level = levels[seed % levels.length];
    const { wasm, native } = compareRandomModule(seed, level);
    const differing = wasm.findIndex((byte, i) => byte !== native[i]);
    if (differing < 0) continue;
    failed++;
    console.log(`seed ${seed}, ${level}: byte ${differing} differs`);
  }
  return failed;
}

const [first, total] = [Number(values.seed), Number(count)];
if (values.share) Deno.exit(runShare(first, first + total) > 0 ? 1 : 0);

/** Modules per process, so that little is lost when one ends. */
const SHARE = 1000;
const starts = Array.from({ length: Math.ceil(total / SHARE) }, (_, i) => first + i * SHARE);
let failed = 0, done = 0;
async function work(): Promise<void> {
  for (let start = starts.shift(); start !== undefined; start = starts.shift()) {
    const modules = Math.min(SHARE, first + total - start);
    const { code, signal } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--allow-ffi", "--allow-read", "--no-check", fromFileUrl(import.meta.url)],
        ...[`${modules}`, "--seed", `${start}`, "--share"],
        ...levels.flatMap((level) => ["--level", level]),
      ],
      stdout: "inherit",
      stderr: "inherit",
    }).output();
    done += modules;
    if (code === 0) continue;
    failed++;
    console.log(`seeds ${start} to ${start + modules - 1}: ended with ${signal ?? code}`);
  }
}
await Promise.all(Array.from({ length: Number(values.processes) }, work));
console.log(`${done} modules at ${levels.join(" and ")}, ${failed} shares failed`);
Deno.exit(failed > 0 ? 1 : 0);
