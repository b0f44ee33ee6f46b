/**
 * What is in a folder and those below, remembered between runs where that is much: on a slow disk a
 * million files take minutes, and a listing that was interrupted goes on where it was.
 *
 * What is remembered of a folder counts while it is the same folder and its times say that nothing was
 * added, removed or renamed in it. Where it had just changed when it was listed, they could not say,
 * and it is listed again. Links are looked at every time: what they lead to changes without them.
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

/** Changes with the form of what is remembered, and with what is left out. */
const FORMAT = "listing 1";
/** Files from which on they are remembered. */
const MANY = 10_000;
/** Milliseconds after which others may do something. */
const TURN = 50;

/** What is in a folder. */
export interface Entries {
  /** Names of folders, and of links to some, sorted as Python does. */
  readonly folders: readonly string[];
  /** Names of files, and of links to some, sorted so too. */
  readonly files: readonly string[];
  /** The same for all ways to a folder. */
  readonly identity: string;
}

/** Of a folder: when it was listed, as what, and the names of what is in it. */
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

/** How a folder is gone through. */
export interface ListingOptions extends Pick<OpenOptions, "cache" | "onNotice" | "onWork"> {
  /** Files from which on they are remembered. */
  readonly many?: number;
  /** The time in milliseconds since 1970. */
  readonly now?: () => number;
}

/** A folder that is gone through, and those below. */
export class Listing {
  /** By folder, where in the journal. */
  #remembered = new Map<string, RecordPlace>();
  /** Records that are not written yet. */
  #fresh: Uint8Array<ArrayBuffer>[] = [];
  #replaced = 0;
  #passed = 0;
  #turn = performance.now();
  /** Where what was found before is. */
  #path: string | undefined;
  /** Whether it may be added to. */
  #isWritable = false;
  #journal: Journal | undefined;

  private constructor(readonly root: string, private readonly options: ListingOptions) {}

  /** Begins to go through a folder, which is there. */
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
   * What is in a folder, hidden and system files left out. Throws InputError for one that cannot be
   * read.
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
      const { folders, files } = record.links.length === 0 ? record : await followed(record, path);
      this.#passed += files.length;
      const [device, number] = stamp;
      return { folders, files, identity: number ? `${device} ${number}` : Deno.realPathSync(path) };
    } catch (error) {
      const refusal = bareRefusalOf(error);
      if (refusal === undefined) throw error;
      throw new InputError(`${path}: this folder cannot be read: ${refusal}`, { cause: error });
    }
  }

  /** Ends it: nothing more will be asked. */
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
      // Another process is at it.
      if (!this.#journal) this.#isWritable = false;
      for (const fresh of this.#fresh) await this.#journal?.add(fresh);
    });
    this.#fresh = [];
  }

  /** What cannot be remembered is listed even so. */
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

/** What is in a folder with its links in the places of what they lead to. */
async function followed(record: FolderRecord, path: string): Promise<Omit<Entries, "identity">> {
  const [folders, files] = [[...record.folders], [...record.files]];
  for (const name of record.links) {
    const info = await Deno.stat(join(path, name)).catch(() => undefined);
    if (info?.isDirectory) folders.push(name);
    else if (info?.isFile) files.push(name);
  }
  return { folders: sortNames(folders), files: sortNames(files) };
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

// A name holds neither / nor a zero.
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
