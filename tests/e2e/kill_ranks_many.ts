/**
 * Kills random ranks of trainings at random moments, checks that all others end within 15 s, resumes
 * with another number of ranks and compares the results bit for bit with an uninterrupted training in
 * one process:
 *
 *     deno task kills:ranks 20 --seed 1
 *
 * Needs Open MPI or MPICH; if both are installed, they alternate. The exit code is 1 if a rank survived
 * or a run ended with other bits.
 */
import { Buffer } from "node:buffer";
import { join } from "@std/path";
import { parseArgs } from "node:util";
import { RandomStream, STREAM } from "../../graph/random.ts";
import { endOf, LAUNCHERS, pidOf, startRanks } from "../support/mpi.ts";
import { overfold } from "./cli.ts";
import { JOINT, resultsOf } from "./kills.ts";

const { positionals: [count = "20"], values } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: { seed: { type: "string", default: "0" } },
});
const random = new RandomStream({ seed: Number(values.seed), stream: STREAM.synthetic });

/** All divide the config's shards. */
const SIZES = [2, 4];
/** After this many kills a run is left to finish. */
const KILLS_A_RUN = 4;
/** Seconds within which all ranks must end. */
const LIMIT = 15;

const wait = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Waits until a promise resolves, at most the given number of seconds. */
const within = (promise: Promise<unknown>, seconds: number) =>
  Promise.race([promise.then(() => true), wait(1000 * seconds).then(() => false)]);

const folder = await Deno.makeTempDir();
const args = (run: string) => ["tiny.yaml", "--output", run, "--resume"];

/** Kills one rank; undefined if it had not started or had already ended. */
async function killOne(run: string, launcher: typeof LAUNCHERS[number], took: number) {
  const size = SIZES[random.integer(SIZES.length)], rank = random.integer(size);
  for (let i = 0; i < size; i++) {
    await Deno.remove(join(folder, `pid-${i}`)).catch(() => {});
  }
  const process = startRanks(launcher, size, folder, ["train:mpi", ...args(run)]);
  const output = process.output();
  await wait(random.uint32() / 2 ** 32 * took);
  try {
    Deno.kill(await pidOf(folder, rank), "SIGKILL");
  } catch {
    // It has ended or not started.
    await output;
    return undefined;
  }
  const start = performance.now();
  const others = Array.from({ length: size }, (_, i) => pidOf(folder, i).then(endOf));
  const hasEnded = await within(Promise.all([output, ...others]), LIMIT);
  const seconds = (performance.now() - start) / 1000;
  const what = `${run}: rank ${rank} of ${size}, ${launcher.name}`;
  console.log(
    hasEnded ? `${what}: all ended after ${seconds.toFixed(1)} s` : `${what}: STILL RUNNING`,
  );
  return { hasEnded, seconds };
}

if (LAUNCHERS.length === 0) {
  console.error("found neither mpirun.openmpi nor mpiexec.mpich; install openmpi-bin or mpich");
  Deno.exit(2);
}
const totals = { kills: 0, runs: 0, slowest: 0, livingOn: 0, differing: 0 };
try {
  await Deno.writeTextFile(join(folder, "tiny.yaml"), JOINT);
  const start = performance.now();
  await overfold(folder, "train", ...args("uninterrupted"));
  const took = performance.now() - start;
  const expected = await resultsOf(join(folder, "uninterrupted"));
  while (totals.kills < Number(count)) {
    const run = `killed-${totals.runs++}`;
    for (let kill = 0; kill < KILLS_A_RUN && totals.kills < Number(count); kill++) {
      const launcher = LAUNCHERS[totals.kills % LAUNCHERS.length];
      const killed = await killOne(run, launcher, took);
      if (!killed) continue;
      totals.kills++;
      totals.slowest = Math.max(totals.slowest, killed.seconds);
      if (!killed.hasEnded) totals.livingOn++;
    }
    const { code, error } = await overfold(folder, "train", ...args(run));
    if (code !== 0) throw new Error(error);
    const found = await resultsOf(join(folder, run));
    for (const [name, bytes] of expected) {
      if (Buffer.compare(bytes, found.get(name)!) === 0) continue;
      totals.differing++;
      console.log(`${run}: ${name} differs`);
    }
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
console.log(
  `${totals.kills} kills in ${totals.runs} runs: all ranks ended within ` +
    `${
      totals.slowest.toFixed(1)
    } s except in ${totals.livingOn} cases; ${totals.differing} files ` +
    `differ from an uninterrupted training's (seed ${values.seed})`,
);
if (totals.livingOn + totals.differing > 0) Deno.exit(1);
