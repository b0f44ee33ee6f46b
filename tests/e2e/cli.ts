/** Runs the command line as its users do: as a process of its own. */
import { assertEquals } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { withFolder } from "../support/folder.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** The cache of a command, in its working directory. */
export const CACHE = "cache";

/** The result of a finished process. */
export interface Finished {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Runs `overfold ARGS…` in the folder `cwd`. */
export async function overfold(cwd: string, ...args: string[]): Promise<Finished> {
  return await finished(command(cwd, args));
}

/** Like {@link overfold}, with more options of `deno run`. */
export async function overfoldWith(
  options: readonly string[],
  cwd: string,
  ...args: string[]
): Promise<Finished> {
  return await finished(command(cwd, args, options));
}

/** Like {@link overfold}, with the module `preload` loaded first. */
export async function overfoldAfter(
  preload: URL,
  cwd: string,
  ...args: string[]
): Promise<Finished> {
  return await overfoldWith(["--preload", fromFileUrl(preload)], cwd, ...args);
}

/** Like {@link overfold}, from the sources in the folder `root`. */
export async function overfoldOf(
  root: string,
  cwd: string,
  args: readonly string[],
): Promise<Finished> {
  return await finished(command(cwd, args, [], root));
}

/** Runs or waits for a process, and returns its result. */
export async function finished(process: Deno.Command | Deno.ChildProcess): Promise<Finished> {
  const { code, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), error: decoder.decode(stderr) };
}

/** Starts `overfold ARGS…`; its standard output is read through {@link jsonLines}. */
export function startOverfold(cwd: string, ...args: string[]): Deno.ChildProcess {
  return command(cwd, args).spawn();
}

function command(
  cwd: string,
  args: readonly string[],
  options: readonly string[] = [],
  root = ROOT,
): Deno.Command {
  const [config, cli] = ["deno.json", "cli.ts"].map((name) => join(root, name));
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--config", config, "--no-check", "--allow-all", ...options, cli, ...args],
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    // Kernels tuned on this machine, or by another test, must not change what this one sees.
    env: { NO_COLOR: "1", OVERFOLD_CACHE: join(cwd, CACHE) },
  });
}

/** One event of a command with `--json`. */
export type JsonEvent = Readonly<Record<string, unknown>>;

/** The events in the output of a command with `--json`. */
export function parseEvents(out: string): JsonEvent[] {
  return out.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** The events of `overfold ARGS… --json`, which must succeed. */
export async function eventsOf(cwd: string, ...args: string[]): Promise<JsonEvent[]> {
  const { code, out, error } = await overfold(cwd, ...args, "--json");
  assertEquals(code, 0, error);
  return parseEvents(out);
}

/** The events of a running process, as they arrive. */
export async function* jsonLines(process: Deno.ChildProcess): AsyncGenerator<JsonEvent> {
  let rest = "";
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line);
  }
}

/** Calls `test` with a temporary folder that holds `tiny.yaml`, which trains in a second. */
export async function withTinyConfig(
  test: (folder: string) => Promise<void>,
  config = TINY,
): Promise<void> {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "tiny.yaml"), config);
    await test(folder);
  });
}

/** The files that `overfold train tiny.yaml ARGS…` writes, by config and arguments. */
const trained = new Map<string, Promise<ReadonlyMap<string, Uint8Array>>>();

/** Like {@link withTinyConfig}, with a finished run; the tests of a file share its training. */
export async function withTrainedRun(
  test: (folder: string) => Promise<void>,
  config = TINY,
  ...args: string[]
): Promise<void> {
  const key = JSON.stringify([config, args]);
  const files = trained.get(key) ?? trainedFiles(config, args);
  trained.set(key, files);
  await withTinyConfig(async (folder) => {
    for (const [path, bytes] of await files) {
      await Deno.mkdir(join(folder, dirname(path)), { recursive: true });
      await Deno.writeFile(join(folder, path), bytes);
    }
    await test(folder);
  }, config);
}

async function trainedFiles(config: string, args: string[]): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  await withTinyConfig(async (folder) => {
    const { code, error } = await overfold(folder, "train", "tiny.yaml", ...args);
    if (code !== 0) throw new Error(error);
    const read = async (inner: string) => {
      for await (const { name, isDirectory } of Deno.readDir(join(folder, inner))) {
        const path = join(inner, name);
        if (isDirectory) await read(path);
        else files.set(path, await Deno.readFile(join(folder, path)));
      }
    };
    await read("runs");
  }, config);
  return files;
}

/** Two epochs of 12 steps, with dropout, batch norm, DO-Conv and averaged weights. */
export const TINY = `\
threads: 1
data:
  dataset:
    { name: synthetic, classes: 3, imageSize: 8, channels: 2, trainCount: 96, testCount: 24 }
  batchSize: 8
  evalBatchSize: 16
  augmentation: [{ name: random_crop, padding: 1 }, horizontal_flip]
model:
  layers:
    - do_conv2d: { outChannels: 4, kernelSize: 3, padding: 1 }
    - batch_norm2d
    - relu
    - global_avg_pool2d
    - flatten
    - dropout: { p: 0.1 }
    - linear: { outFeatures: 3 }
training:
  epochs: 2
  logEvery: 4
  optimizer: { name: sgd, learningRate: 0.1, momentum: 0.9, weightDecay: 0.0001 }
  schedule: { name: cosine }
  ema: { decay: 0.9 }
`;
