/** Appends records to a file, each atomically. */
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { writeFileAtomic } from "./atomic.ts";
import { DISK, type DiskFile, writeAll } from "./disk.ts";
import { refusalOf } from "./refusal.ts";
import { partOf } from "./window.ts";

/** Header of a record: its length and its CRC-32, 4 bytes each. */
const HEADER_BYTES = 8;
/** Bytes buffered before writing. */
const PORTION = 2 ** 18;
/** Location of a record in its journal. */
export interface RecordPlace {
  readonly offset: number;
  readonly length: number;
}

/**
 * Visits the complete records of a journal, up to the first that is damaged or truncated; none if the file
 * cannot be read. Returns where they end.
 *
 * @param visit receives bytes that are overwritten later
 */
export async function readJournal(
  path: string,
  visit: (record: Uint8Array, place: RecordPlace) => void = () => {},
): Promise<number> {
  using file = await openIfThere(path);
  if (!file) return 0;
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  const { size } = await file.stat();
  let record = new Uint8Array(PORTION);
  let end = 0;
  while (readFully(file, new Uint8Array(header.buffer))) {
    const length = header.getUint32(0, true);
    const offset = end + HEADER_BYTES;
    if (offset + length > size) break;
    if (length > record.length) record = new Uint8Array(length);
    const bytes = record.subarray(0, length);
    if (!readFully(file, bytes) || crc32(bytes) !== header.getUint32(4, true)) break;
    visit(bytes, { offset, length });
    end = offset + length;
  }
  return end;
}

/** A record visited by {@link readJournal}. */
export function readRecord(path: string, { offset, length }: RecordPlace): Uint8Array<ArrayBuffer> {
  return partOf(path, offset, length);
}

async function openIfThere(path: string): Promise<Deno.FsFile | undefined> {
  try {
    return await Deno.open(path);
  } catch (error) {
    if (refusalOf(error) !== undefined) return undefined;
    throw error;
  }
}

/** Fills `into` with the next bytes; false if the file ends before. */
function readFully(file: Deno.FsFile, into: Uint8Array): boolean {
  for (let at = 0; at < into.length;) {
    const count = file.readSync(into.subarray(at));
    if (count === null) return false;
    at += count;
  }
  return true;
}

/** A journal open for appending. */
export class Journal implements Disposable {
  #waiting: Uint8Array[] = [];
  #bytes = 0;

  private constructor(private readonly file: DiskFile) {}

  /** Opens a journal, created if missing; undefined while another process has it open. */
  static async open(path: string, disk = DISK): Promise<Journal | undefined> {
    await disk.makeFolder(dirname(path));
    const file = await disk.open(path, { write: true, create: true });
    try {
      if (await file.tryLock(true)) {
        const length = await readJournal(path);
        await file.truncate(length);
        await file.seek(length, Deno.SeekMode.Start);
        return new Journal(file);
      }
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
  }

  /** Appends a record, which may be buffered for a while. */
  async add(record: Uint8Array): Promise<void> {
    for (const part of framed(record)) {
      this.#waiting.push(part);
      this.#bytes += part.length;
    }
    if (this.#bytes >= PORTION) await this.flush();
  }

  /** Passes all records to the system. */
  async flush(): Promise<void> {
    const portion = new Uint8Array(this.#bytes);
    let at = 0;
    for (const part of this.#waiting) {
      portion.set(part, at);
      at += part.length;
    }
    [this.#waiting, this.#bytes] = [[], 0];
    await writeAll(this.file, portion);
  }

  /** Closes the journal; buffered records are lost. */
  close(): void {
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
  }
}

/** Rewrites a journal with only the records at these locations. */
export async function compactJournal(path: string, places: Iterable<RecordPlace>): Promise<void> {
  await writeFileAtomic(
    path,
    function* () {
      for (const place of places) yield* framed(readRecord(path, place));
    }(),
  );
}

function framed(record: Uint8Array): [header: Uint8Array, record: Uint8Array] {
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  header.setUint32(0, record.length, true);
  header.setUint32(4, crc32(record), true);
  return [new Uint8Array(header.buffer), record];
}
