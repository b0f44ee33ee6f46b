/**
 * Kills many trainings at random moments, resumes them until they end and compares them bit for bit
 * with uninterrupted ones. Half of them are on image files, decoded by another number of workers each
 * time. The trainings run as `deno task train` runs them:
 *
 *     deno task kills 100 --busy 8 --seed 1
 *
 * `--busy` keeps the cores busy with that many processes. Every other kill waits until a checkpoint is
 * being written. The exit code is 1 if a run ended with other bits.
 */
import { fromFileUrl, join } from "@std/path";
import { Buffer } from "node:buffer";
import { parseArgs } from "node:util";
import { exists } from "../../files/exists.ts";
import { RandomStream, STREAM } from "../../graph/random.ts";
import { killAt, KILLED, KILLED_ON_PICTURES, resultsOf, WORKERS, writePictures } from "./kills.ts";

const { positionals: [count = "100"], values } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    busy: { type: "string", default: "0" },
    seed: { type: "string", default: "0" },
  },
});
const random = new RandomStream({ seed: Number(values.seed), stream: STREAM.synthetic });

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
/** Large enough that writing a checkpoint takes a while. */
const larger = (config: string) => config.replace("outChannels: 4", "outChannels: 256");
const CONFIGS = { plain: larger(KILLED), pictures: larger(KILLED_ON_PICTURES) };
/** The kinds of runs: the bits depend on the config and on the number of threads. */
const KINDS = (["plain", "pictures"] as const).flatMap((config) =>
  [1, 2, 3].map((threads) => ({ config, threads }))
);
type Kind = typeof KINDS[number];
/** After this many kills a run is left to finish. */
const KILLS_A_RUN = 8;

/** Starts or resumes a training, on image files with another number of workers each time. */
function train(folder: string, output: string, { config, threads }: Kind): Deno.ChildProcess {
  const workers = config === "pictures" ? WORKERS[random.integer(WORKERS.length)] : "auto";
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-check", "--allow-all", "--config", join(ROOT, "deno.json")],
      ...[join(ROOT, "cli.ts"), "train", `${config}.yaml`, "--output", output, "--resume"],
      ...["--set", `threads=${threads}`, "--set", `data.workers=${workers}`],
    ],
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

/** Waits for a training to end. */
const toTheEnd = async (process: Deno.ChildProcess) => void await process.status;

const wait = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Waits until a file of `checkpoints` is half written, after skipping a few. */
function duringWrite(checkpoints: string) {
  const skipped = random.integer(12);
  return async (process: Deno.ChildProcess) => {
    let hasEnded = false;
    process.status.then(() => hasEnded = true);
    const seen = new Set(temporaryFiles(checkpoints));
    const enough = seen.size + skipped;
    while (!hasEnded && seen.size <= enough) {
      for (const name of temporaryFiles(checkpoints)) seen.add(name);
      await wait(0);
    }
  };
}

/** Files that are incomplete, or were when their process was killed. */
function temporaryFiles(folder: string): string[] {
  try {
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    return names.filter((name) => name.endsWith(".tmp"));
  } catch {
    return [];
  }
}

/** A random moment of a training of about `milliseconds`. */
function atRandom(milliseconds: number) {
  const moment = (random.uint32() / 2 ** 32) * milliseconds;
  return () => wait(moment);
}

/** The results of an uninterrupted training of a kind, and how long it took. */
async function trainUninterrupted(folder: string, kind: Kind) {
  const start = performance.now();
  const output = `uninterrupted-${kind.config}-${kind.threads}`;
  await killAt(train(folder, output, kind), toTheEnd);
  return { results: await resultsOf(join(folder, output)), took: performance.now() - start };
}

const folder = await Deno.makeTempDir();
const busy = Array.from(
  { length: Number(values.busy) },
  () => new Deno.Command(Deno.execPath(), { args: ["eval", "for (;;);"] }).spawn(),
);
const totals = { kills: 0, duringWrites: 0, beforeFirstCheckpoint: 0, runs: 0, differing: 0 };
try {
  await writePictures(folder);
  for (const [name, config] of Object.entries(CONFIGS)) {
    await Deno.writeTextFile(join(folder, `${name}.yaml`), config);
  }
  const expected = new Map<Kind, Awaited<ReturnType<typeof trainUninterrupted>>>();
  for (const kind of KINDS) expected.set(kind, await trainUninterrupted(folder, kind));
  while (totals.kills < Number(count)) {
    const kind = KINDS[totals.runs % KINDS.length];
    const { results, took } = expected.get(kind)!;
    const output = `killed-${totals.runs++}`;
    const checkpoints = join(folder, output, "checkpoints");
    for (let kill = 0; kill < KILLS_A_RUN && totals.kills < Number(count); kill++) {
      const before = temporaryFiles(checkpoints);
      const moment = kill % 2 === 0 ? duringWrite(checkpoints) : atRandom(took);
      if (!await killAt(train(folder, output, kind), moment)) break;
      totals.kills++;
      const isHalfWritten = temporaryFiles(checkpoints).some((name) => !before.includes(name));
      if (isHalfWritten) totals.duringWrites++;
      if (!await exists(join(checkpoints, "last.safetensors"))) totals.beforeFirstCheckpoint++;
    }
    await killAt(train(folder, output, kind), toTheEnd);
    const found = await resultsOf(join(folder, output));
    const others = [...results].filter(([name, bytes]) =>
      Buffer.compare(bytes, found.get(name)!) !== 0
    );
    if (others.length > 0) totals.differing++;
    for (const [name] of others) {
      console.log(`${output} (${kind.config}, ${kind.threads} threads): ${name} differs`);
    }
    await Deno.remove(join(folder, output), { recursive: true });
  }
} finally {
  for (const process of busy) process.kill("SIGKILL");
  await Promise.all(busy.map(({ status }) => status));
  await Deno.remove(folder, { recursive: true });
}
console.log(
  `${totals.kills} kills of ${totals.runs} runs: ${totals.duringWrites} while a checkpoint was ` +
    `written, ${totals.beforeFirstCheckpoint} before the first; ${totals.differing} runs ended with ` +
    `other bits than an uninterrupted one (seed ${values.seed}, ${values.busy} busy processes)`,
);
if (totals.differing > 0) Deno.exit(1);
