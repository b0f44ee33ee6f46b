/**
 * Lists a folder and its subfolders, cached between runs if large: on a slow disk a million files take
 * minutes, and an interrupted listing resumes where it stopped.
 *
 * A cached listing is valid while it is the same folder and its timestamps show that nothing was added,
 * removed or renamed. A folder that had just changed when it was listed is listed again, since timestamps
 * cannot prove that. Links are always checked: their targets change independently.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { InputError } from "../../errors.ts";
import { optionalCache } from "../../files/cache.ts";
import {
  compactJournal,
  Journal,
  readJournal,
  readRecord,
  type RecordPlace,
} from "../../files/journal.ts";
import { bareRefusalOf, refusalOf } from "../../files/refusal.ts";
import { isSame, isSettled, type Stamp, stampOf } from "../../files/stamp.ts";
import { formatCount } from "../../reporting/format.ts";
import type { OpenOptions } from "../dataset.ts";
import { isSystemName, sortNames } from "./names.ts";

/** Changes with the format of the cached data, and with what is left out. */
const FORMAT = "listing 1";
/** Number of files above which they are cached. */
const MANY = 10_000;
/** Milliseconds between yields to other work. */
const TURN = 50;

/** The contents of a folder. */
export interface Entries {
  /** Names of folders, including links to folders, sorted as Python does. */
  readonly folders: readonly string[];
  /** Names of files, including links to files, sorted the same way. */
  readonly files: readonly string[];
  /** Names of links that lead to neither: their target is missing, a device or themselves. */
  readonly lost: readonly string[];
  /** The same for all paths that lead to a folder. */
  readonly identity: string;
}

/** A folder's record: when it was listed, its stamp, and the names in it. */
interface FolderRecord {
  /** Relative to the root. */
  readonly folder: string;
  readonly stamp: Stamp;
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly folders: readonly string[];
  readonly files: readonly string[];
  readonly links: readonly string[];
}

/** Options of a listing. */
export interface ListingOptions extends Pick<OpenOptions, "cache" | "onNotice" | "onWork"> {
  /** Number of files above which they are cached. */
  readonly many?: number;
  /** The current time in milliseconds since 1970. */
  readonly now?: () => number;
}

/** Lists a folder and its subfolders. */
export class Listing {
  /** Locations in the journal, by folder. */
  #remembered = new Map<string, RecordPlace>();
  /** Records not yet written. */
  #fresh: Uint8Array<ArrayBuffer>[] = [];
  #replaced = 0;
  #passed = 0;
  #turn = performance.now();
  /** The journal of earlier listings. */
  #path: string | undefined;
  /** Whether it is writable. */
  #isWritable = false;
  #journal: Journal | undefined;

  private constructor(readonly root: string, private readonly options: ListingOptions) {}

  /** Starts to list a folder, which must exist. */
  static async open(root: string, options: ListingOptions): Promise<Listing> {
    const listing = new Listing(root, options);
    const cache = optionalCache(options.cache);
    if (!cache) return listing;
    const key = `${FORMAT} ${await Deno.realPath(root)}`;
    const name = createHash("sha256").update(key).digest("hex").slice(0, 32);
    listing.#path = join(cache.folder, "listings", name);
    listing.#isWritable = cache.isWritable;
    listing.#remembered = await placesIn(listing.#path);
    return listing;
  }

  /**
   * The contents of a folder, without hidden and system files. Throws InputError if it cannot be read.
   *
   * @param folder relative to the root, with `/`
   */
  async entriesOf(folder: string): Promise<Entries> {
    await this.#takeTurns();
    const path = join(this.root, folder);
    try {
      const stamp = stampOf(Deno.statSync(path));
      const place = this.#remembered.get(folder);
      let record = place && parsed(readRecord(this.#path!, place));
      if (!record || !isSame(record.stamp, stamp) || !isSettled(stamp, record.at)) {
        record = { folder, stamp, at: (this.options.now ?? Date.now)(), ...namesIn(path) };
        await this.#note(record, place !== undefined);
      }
      const entries = await followed(record, path);
      this.#passed += entries.files.length;
      const [device, number] = stamp;
      return { ...entries, identity: number ? `${device} ${number}` : Deno.realPathSync(path) };
    } catch (error) {
      const refusal = bareRefusalOf(error);
      if (refusal === undefined) throw error;
      throw new InputError(`${path}: this folder cannot be read: ${refusal}`, { cause: error });
    }
  }

  /** Ends the listing. */
  async close(): Promise<void> {
    await this.#writing(async (path) => {
      using journal = this.#journal;
      await journal?.flush();
      if (journal && this.#replaced > this.#remembered.size / 2) {
        await compactJournal(path, (await placesIn(path)).values());
      }
    });
  }

  async #note(record: FolderRecord, isReplaced: boolean): Promise<void> {
    if (isReplaced) this.#replaced++;
    this.#fresh.push(serialized(record));
    const { many = MANY } = this.options;
    if (this.#remembered.size === 0 && this.#passed + record.files.length < many) return;
    await this.#writing(async (path) => {
      this.#journal ??= await Journal.open(path);
      // Another process is writing.
      if (!this.#journal) this.#isWritable = false;
      for (const fresh of this.#fresh) await this.#journal?.add(fresh);
    });
    this.#fresh = [];
  }

  /** Failing to cache does not stop the listing. */
  async #writing(work: (path: string) => Promise<void>): Promise<void> {
    if (this.#path === undefined || !this.#isWritable) return;
    try {
      await work(this.#path);
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      this.options.onNotice?.(`the listing of ${this.root} cannot be cached: ${refusal}`);
      this.#isWritable = false;
    }
  }

  async #takeTurns(): Promise<void> {
    if (performance.now() - this.#turn < TURN) return;
    this.options.onWork?.(() => `scanning ${this.root}: ${formatCount(this.#passed)} files`);
    await new Promise((done) => setTimeout(done));
    this.#turn = performance.now();
  }
}

/** The last record of each folder. */
async function placesIn(path: string): Promise<Map<string, RecordPlace>> {
  const places = new Map<string, RecordPlace>();
  await readJournal(path, (record, place) => places.set(folderOf(record), place));
  return places;
}

/** The contents of a folder with links replaced by their targets. */
async function followed(record: FolderRecord, path: string): Promise<Omit<Entries, "identity">> {
  if (record.links.length === 0) return { folders: record.folders, files: record.files, lost: [] };
  const [folders, files, lost]: string[][] = [[...record.folders], [...record.files], []];
  for (const name of record.links) {
    const info = await Deno.stat(join(path, name)).catch(() => undefined);
    if (info?.isDirectory) folders.push(name);
    else if (info?.isFile) files.push(name);
    else lost.push(name);
  }
  return { folders: sortNames(folders), files: sortNames(files), lost };
}

function namesIn(path: string): Pick<FolderRecord, "folders" | "files" | "links"> {
  const [folders, files, links]: string[][] = [[], [], []];
  for (const { name, isDirectory, isFile, isSymlink } of Deno.readDirSync(path)) {
    if (isSystemName(name)) continue;
    if (isDirectory) folders.push(name);
    else if (isSymlink) links.push(name);
    else if (isFile) files.push(name);
  }
  for (const names of [folders, files, links]) sortNames(names);
  return { folders, files, links };
}

// A name contains neither / nor a zero byte.
const [BETWEEN, BEHIND] = ["/", "\0"];

function serialized({ folder, stamp, at, ...names }: FolderRecord): Uint8Array<ArrayBuffer> {
  const { folders, files, links } = names;
  const lists = [folders, files, links].map((list) => list.join(BETWEEN));
  return new TextEncoder().encode([folder, [...stamp, at].join(BETWEEN), ...lists].join(BEHIND));
}

function parsed(record: Uint8Array): FolderRecord {
  const [folder, numbers, ...lists] = new TextDecoder().decode(record).split(BEHIND);
  const [device, number, size, changed, touched, at] = numbers.split(BETWEEN).map(Number);
  const [folders, files, links] = lists.map((list) => list === "" ? [] : list.split(BETWEEN));
  return { folder, stamp: [device, number, size, changed, touched], at, folders, files, links };
}

function folderOf(record: Uint8Array): string {
  return new TextDecoder().decode(record.subarray(0, record.indexOf(0)));
}
