/**
 * The peak memory of a training compared with what `overfold train` plans: trains a config in a
 * separate process and asks the system for its peak (Linux).
 *
 *     deno run --allow-run --allow-write bench/memory.ts CONFIG [--set KEY=VALUE]...
 */
import { formatBytes } from "../reporting/format.ts";

/** Milliseconds between two samples. */
const INTERVAL = 20;

const folder = await Deno.makeTempDir();
const training = new Deno.Command(Deno.execPath(), {
  args: [
    ...["run", "--allow-all", "--no-check", new URL("../cli.ts", import.meta.url).pathname],
    ...["train", ...Deno.args, "--json", "--output", `${folder}/run`],
  ],
  stdout: "piped",
}).spawn();
let peak = 0;
const watch = setInterval(async () => {
  // With grep: Deno does not allow reading /proc.
  const { stdout } = await new Deno.Command("grep", {
    args: ["VmHWM", `/proc/${training.pid}/status`],
    stderr: "null",
  }).output();
  const [, kibibytes] = /(\d+) kB/.exec(new TextDecoder().decode(stdout)) ?? [];
  peak = Math.max(peak, 1024 * Number(kibibytes ?? 0));
}, INTERVAL);
const { code, stdout } = await training.output();
clearInterval(watch);
await Deno.remove(folder, { recursive: true });
if (code !== 0) Deno.exit(code);
const [start] = new TextDecoder().decode(stdout).split("\n");
const { memory: { total } } = JSON.parse(start);
console.log(
  `planned ${formatBytes(total)}, peak ${formatBytes(peak)}: ${(total / peak).toFixed(2)} of it`,
);
