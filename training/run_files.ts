/** The files of a run: their places, whether a run already exists, and where it can be resumed. */
import { join } from "node:path";
import { type Checkpoint, readCheckpoint } from "../checkpoints/checkpoint.ts";
import { InputError } from "../errors.ts";
import { exists } from "../files/exists.ts";
import { checkPlace } from "../files/place.ts";
import { describeNoNumbers } from "./finite.ts";
import { isLoggerFile } from "./loggers/registry.ts";

/** Files of a run, by kind; nothing else in its folder is ever deleted. */
const FILES = {
  config: "config.yaml",
  metrics: "metrics.jsonl",
  timing: "timing.jsonl",
  last: "checkpoints/last.safetensors",
  previous: "checkpoints/previous.safetensors",
  best: "checkpoints/best.safetensors",
  folded: "folded/model.safetensors",
} as const;

/** The folders of a run within its own. */
const FOLDERS = ["checkpoints", "folded"];

/** A kind of file of a run. */
export type RunFile = keyof typeof FILES;

/** All files of a run. */
export const RUN_FILES = Object.keys(FILES) as readonly RunFile[];

/** The path of a file of the run in folder `run`. */
export function runFile(run: string, file: RunFile): string {
  return join(run, FILES[file]);
}

/**
 * How much of a run is in a folder: nothing; `begun`, its config and log; or `saved`, a checkpoint.
 */
type RunPresence = "none" | "begun" | "saved";

/** Whether a run is in a folder, and how much of it. */
export async function runIn(folder: string): Promise<RunPresence> {
  const isFile = async (file: RunFile) =>
    (await Deno.stat(runFile(folder, file)).catch(() => undefined))?.isFile === true;
  const areFiles = (...files: RunFile[]) => Promise.all(files.map(isFile));
  if ((await areFiles("last", "previous", "best")).includes(true)) return "saved";
  return (await areFiles("config", "metrics")).includes(false) ? "none" : "begun";
}

/** The paths of loggers' files in the folder of a run. */
export async function loggerFiles(run: string): Promise<string[]> {
  const info = await Deno.stat(run).catch(() => undefined);
  if (!info?.isDirectory) return [];
  const entries = await Array.fromAsync(Deno.readDir(run));
  return entries.filter(({ name }) => isLoggerFile(name)).map(({ name }) => join(run, name));
}

/** An empty file that is locked by the process that trains the run in folder `run`. */
export function lockOf(run: string): string {
  return join(run, ".lock");
}

/** Whether a process is training the run in folder `run`. */
export async function isUnderWay(run: string): Promise<boolean> {
  const path = lockOf(run);
  if (!await exists(path)) return false;
  using file = await Deno.open(path);
  // Shared: it keeps no other reader away. Some file systems have no locks.
  return !await file.tryLock(false).catch(() => true);
}

/** First lines of a run's config, which distinguish it from a file the user wrote. */
export const CONFIG_HEAD =
  "# The config of this run, with every default filled in; written by Overfold.\n";

/**
 * What to do with an existing run: `resume` continues from its last checkpoint, `resume best` from
 * its best one.
 */
export type ExistingRun = "refuse" | "resume" | "resume best" | "replace";

/**
 * Throws InputError if folder `run` contains a run that must not be changed, or if a file of the
 * run would replace a user's own file or something that is not a plain file.
 */
export async function checkExisting(run: string, existing: ExistingRun): Promise<void> {
  await requirePlainFiles(run);
  const config = runFile(run, "config");
  const isOurs = (await Deno.readTextFile(config).catch(() => "")).startsWith(CONFIG_HEAD);
  const isRun = isOurs || await exists(runFile(run, "last"));
  const foreign = (path: string) =>
    new InputError(
      `${path} would be overwritten, which no run wrote; give it another name, or choose another ` +
        "folder with --output",
    );
  if (!isOurs && await exists(config)) throw foreign(config);
  if (existing !== "refuse" && existing !== "replace") return;
  for (const path of await filesOf(run)) {
    if (!await exists(path)) continue;
    if (existing === "refuse") {
      throw new InputError(
        `${run} already contains a run; continue it with --resume, start over with --force ` +
          "(its checkpoints are then deleted), or choose another folder with --output",
      );
    }
    if (!isRun) throw foreign(path);
  }
}

/** The paths of the files of a run, whether they exist or not. */
async function filesOf(run: string): Promise<string[]> {
  return [...RUN_FILES.map((file) => runFile(run, file)), ...await loggerFiles(run)];
}

/** Opening a pipe waits for its other end, and opening a link may create its target. */
async function requirePlainFiles(run: string): Promise<void> {
  for (const path of [...await filesOf(run), lockOf(run)]) {
    if (!await exists(path)) continue;
    const { isFile, isDirectory } = await Deno.lstat(path);
    if (isFile) continue;
    throw new InputError(
      `${path} is ${isDirectory ? "a folder" : "no plain file"}, and a run replaces plain files ` +
        "alone; move it away, or choose another folder with --output",
    );
  }
}

/** Throws InputError if a run in folder `run` could not write its files, RunError if the disk is full. */
export async function checkWritable(run: string): Promise<void> {
  for (const folder of FOLDERS) {
    const path = join(run, folder);
    if (!await exists(path) || !(await Deno.lstat(path)).isSymlink) continue;
    throw new InputError(
      `${path} is a link, and what it leads to may be another run's; put a folder in its place, or ` +
        "choose another folder with --output",
    );
  }
  // One trial file per folder.
  for (const file of ["metrics", "last", "folded"] as const) await checkPlace(runFile(run, file));
}

/** A checkpoint to resume from. */
export interface FoundCheckpoint {
  readonly file: RunFile;
  readonly checkpoint: Checkpoint;
  /** Warnings: it is not the last one, or lines of the log are missing. */
  readonly notices: readonly string[];
}

/** Reads a checkpoint of a run. Also throws InputError for one whose weights are not finite. */
export async function readRunCheckpoint(path: string): Promise<Checkpoint> {
  const checkpoint = await readCheckpoint(path);
  const found = describeNoNumbers(checkpoint.tensors);
  if (found === undefined) return checkpoint;
  throw new InputError(`${path}: ${found}; the file is damaged or its training diverged`);
}

/**
 * The newest valid checkpoint of the run in folder `run`, or its best one. Undefined if no run has
 * started there. Throws InputError if one has, but has no such checkpoint.
 */
export async function findCheckpoint(
  run: string,
  existing: "resume" | "resume best",
): Promise<FoundCheckpoint | undefined> {
  const { found, problems } = await newestSound(run, SOURCES[existing]);
  if (found) {
    const notices = [
      ...problems.map((problem) =>
        `${problem}; the run continues from the previous checkpoint, ${runFile(run, found.file)}`
      ),
      ...await missingLog(run, found.checkpoint),
    ];
    return { ...found, notices };
  }
  if (!await hasBegun(run)) return undefined;
  const [kind, other, how] = existing === "resume"
    ? ["checkpoint", "resume best", "--resume --best"] as const
    : ["best checkpoint", "resume", "--resume alone"] as const;
  const { found: left } = await newestSound(run, SOURCES[other]);
  // No run is resumed next to a damaged best checkpoint.
  const isInTheWay = other === "resume" && await exists(runFile(run, "best"));
  throw new InputError(
    `${run} contains a run, but no ${kind} to resume from: ${problems.join("; ")}. ` +
      (left
        ? `${isInTheWay ? "Move it away and continue" : "Continue"} from ` +
          `${runFile(run, left.file)} with ${how}, or start`
        : "Start") +
      " over with --force (the files of the run are then deleted)",
  );
}

/** Where a run resumes: the first valid file. */
const SOURCES = { resume: ["last", "previous"], "resume best": ["best"] } as const;

/** The first valid checkpoint among files of a run, and the problems of those before it. */
async function newestSound(
  run: string,
  files: readonly RunFile[],
): Promise<{ found?: Omit<FoundCheckpoint, "notices">; problems: string[] }> {
  const problems: string[] = [];
  for (const file of files) {
    try {
      return { found: { file, checkpoint: await readRunCheckpoint(runFile(run, file)) }, problems };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(error.message);
    }
  }
  return { problems };
}

/** Whether a run has more than a config and an empty log, which it has before its start. */
async function hasBegun(run: string): Promise<boolean> {
  for (const file of ["last", "previous", "best", "folded"] as const) {
    if (await exists(runFile(run, file))) return true;
  }
  const log = runFile(run, "metrics");
  return await exists(log) && (await Deno.stat(log)).size > 0;
}

async function missingLog(run: string, { metricsBytes }: Checkpoint): Promise<string[]> {
  const log = runFile(run, "metrics");
  const bytes = await exists(log) ? (await Deno.stat(log)).size : 0;
  if (bytes >= metricsBytes) return [];
  return [`${log} has lost lines: it held ${metricsBytes} bytes or more, and holds ${bytes}`];
}
