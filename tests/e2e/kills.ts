/** Killed and resumed runs: what their tests, `kill_many.ts` and `kill_ranks_many.ts` share. */
import { join } from "@std/path";
import { readSafetensors } from "../../safetensors/file.ts";
import { plainPng, writeFiles } from "../support/pictures.ts";
import { TINY } from "./cli.ts";

/**
 * A training that logs every step and saves often: 4 epochs of 12 steps of two batches, with layers that
 * are frozen at first and a learning rate that follows the validation loss.
 */
export const KILLED = `${
  TINY.replace("epochs: 2", "epochs: 4").replace("logEvery: 4", "logEvery: 1")
    .replace("batchSize: 8", "batchSize: 4")
    .replace("{ name: cosine }", "{ name: reduce_on_plateau, patience: 0, threshold: 0.5 }")
}  accumulate: 2
  freeze: { names: ["0", "1"], epochs: 1 }
  earlyStopping: { patience: 4 }
checkpoints: { everySteps: 5 }
`;

/** Numbers of decoding threads, which change no image. */
export const WORKERS = [1, 2, 4];

/**
 * The same on image files with all kinds of random augmentation: 6 steps an epoch, saved at every
 * other one, so also mid-epoch.
 */
export const KILLED_ON_PICTURES = KILLED
  .replace(/dataset:\n.*\n/, "dataset: { name: image_folder, root: pictures }\n")
  .replace(
    /augmentation: .*\n/,
    `train: [{ name: random_resized_crop, size: 8 }, horizontal_flip, rand_augment]
  augmentation: [{ name: random_erasing, value: random }]
  mixing: { mixup: { alpha: 0.2, prob: 0.8 }, cutmix: {}, mode: elem }
  augRepeats: 2
`,
  )
  .replace("everySteps: 5", "everySteps: 2");

/** Writes the images of {@link KILLED_ON_PICTURES}: 20 of each of three classes. */
export async function writePictures(folder: string): Promise<void> {
  const files = Array.from({ length: 60 }, (_, i) => [
    `pictures/${i % 3}/${i}.png`,
    plainPng([4 * i, 255 - 4 * i, i % 3 * 100], 7 + i % 5, 9 + i % 4),
  ]);
  await writeFiles(folder, Object.fromEntries(files));
}

/** A training of 4 shards. */
export const SHARDED = TINY.replace("batchSize: 8\n", "batchSize: 8\n  shards: 4\n");

/**
 * 8 epochs of 30 steps of 4 shards, which log and save often: long enough that a signal sent at an early
 * step arrives before the end, even if waiting ranks leave the sender little CPU time.
 */
export const JOINT = `${
  SHARDED.replace("trainCount: 96", "trainCount: 240").replace("epochs: 2", "epochs: 8")
    .replace("logEvery: 4", "logEvery: 1")
}checkpoints: { everySteps: 15 }
`;

/** Metrics and networks: the files that must be the same whether or not the run was killed. */
const RESULTS = [
  "metrics.jsonl",
  "checkpoints/last.safetensors",
  "checkpoints/best.safetensors",
  "folded/model.safetensors",
];

/** The contents of a finished run's {@link RESULTS}, by name. */
export async function resultsOf(run: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const file of RESULTS) files.set(file, await contentOf(join(run, file)));
  return files;
}

/** A file's bytes; of a checkpoint all but the config, whose number of workers may differ. */
async function contentOf(path: string): Promise<Uint8Array> {
  if (!path.includes("checkpoints")) return await Deno.readFile(path);
  const { metadata, tensors } = await readSafetensors(path);
  const { config: _, ...header } = JSON.parse(metadata.checkpoint);
  const parts = [
    JSON.stringify(header),
    ...[...tensors].flatMap(([name, { data }]) => [name, data]),
  ];
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
}

/**
 * Kills a process when `moment` resolves. Throws its error output if it failed before.
 *
 * @returns false if it had already ended
 */
export async function killAt(
  process: Deno.ChildProcess,
  moment: (process: Deno.ChildProcess) => Promise<void>,
): Promise<boolean> {
  const error = new Response(process.stderr).text();
  await moment(process);
  try {
    process.kill("SIGKILL");
  } catch (error) {
    // It may have ended.
    if (!(error instanceof TypeError)) throw error;
  }
  const { success, signal } = await process.status;
  if (!success && signal !== "SIGKILL") throw new Error(await error);
  await error;
  return !success;
}
