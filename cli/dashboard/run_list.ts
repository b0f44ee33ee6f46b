import { basename, join, resolve } from "@std/path";
import type { RunChanges } from "../../pages/dashboard/data.ts";
import { runFile, runIn } from "../../training/run_files.ts";
import { WatchedRun } from "./watched_run.ts";

/** Depth of the search: `compare` puts its runs in a folder of their own. */
const DEPTH = 2;

/** Most runs that one update reads for the first time, so that the first answer comes soon. */
const MAX_NEW = 30;

/** All runs in a folder, or the folder's own run, kept up to date. */
export class RunList {
  readonly #runs = new Map<string, WatchedRun>();
  #looks = 0;
  #isComplete = false;
  #looking: Promise<void> | undefined;

  /** @param root as the user named it */
  constructor(readonly root: string) {}

  get(name: string): WatchedRun | undefined {
    return this.#runs.get(name);
  }

  /** Looks again, and returns what has changed since update `since`; 0 returns everything. */
  async changes(since: number): Promise<RunChanges> {
    this.#looking ??= this.#look().finally(() => this.#looking = undefined);
    await this.#looking;
    const read = [...this.#runs.values()].flatMap((run) => run.summary ? [run] : []);
    const summaries = read.toSorted((a, b) => b.summary!.logged - a.summary!.logged);
    return {
      version: this.#looks,
      isComplete: this.#isComplete,
      names: summaries.map(({ name }) => name),
      changed: summaries.filter(({ changedAt }) => changedAt > since).map(({ summary }) =>
        summary!
      ),
    };
  }

  async #look(): Promise<void> {
    const found = new Map(await runsIn(this.root, (name) => this.#runs.has(name)));
    for (const name of this.#runs.keys()) if (!found.has(name)) this.#runs.delete(name);
    for (const [name, folder] of found) {
      if (!this.#runs.has(name)) this.#runs.set(name, new WatchedRun(name, folder));
    }
    const runs = [...this.#runs.values()];
    const fresh = runs.filter(({ summary }) => !summary);
    const next = fresh.length > MAX_NEW ? (await newestFirst(fresh)).slice(0, MAX_NEW) : fresh;
    this.#isComplete = next.length === fresh.length;
    const look = this.#looks + 1;
    await Promise.all([...runs.filter(({ summary }) => summary), ...next].map(async (run) => {
      if (await run.look()) run.changedAt = look;
    }));
    this.#looks = look;
  }
}

/**
 * Names and folders of the runs below a folder.
 *
 * @param isKnown whether a run of this name was there before
 */
async function runsIn(
  root: string,
  isKnown: (name: string) => boolean,
): Promise<[name: string, folder: string][]> {
  if (await runIn(root) !== "none") return [[basename(resolve(root)), root]];
  const search = async (
    folder: string,
    above: string,
    depth: number,
  ): Promise<[string, string][]> => {
    const folders = [];
    try {
      for await (const { name, isDirectory } of Deno.readDir(folder)) {
        if (isDirectory && !name.startsWith(".")) folders.push(name);
      }
    } catch {
      // Removed meanwhile, or unreadable.
    }
    const found = await Promise.all(folders.map(async (name): Promise<[string, string][]> => {
      const path = join(folder, name);
      if (isKnown(above + name) || await runIn(path) !== "none") return [[above + name, path]];
      return depth > 1 ? await search(path, `${above}${name}/`, depth - 1) : [];
    }));
    return found.flat();
  };
  return await search(root, "", DEPTH);
}

async function newestFirst(runs: readonly WatchedRun[]): Promise<WatchedRun[]> {
  const times = new Map(
    await Promise.all(runs.map(async (run) => {
      const info = await Deno.stat(runFile(run.folder, "metrics")).catch(() => undefined);
      return [run, info?.mtime?.getTime() ?? 0] as const;
    })),
  );
  return runs.toSorted((a, b) => times.get(b)! - times.get(a)!);
}
