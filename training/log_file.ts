/** A file that is appended to, such as one of JSON lines: each line is there whole or not at all. */
import { writeFileAtomic } from "../files/atomic.ts";
import { DISK, type DiskFile, writeAll } from "../files/disk.ts";
import { exists } from "../files/exists.ts";

/** Such a file, open for writing. */
export class LogFile {
  private constructor(private readonly file: DiskFile, private size: number) {}

  /** Opens a log, made if it is missing and cut back to its first `keep` bytes. */
  static async open(path: string, keep: number, disk = DISK): Promise<LogFile> {
    // Cutting back and appending would change a copy that shares the file, as `cp -l` makes them.
    if (await exists(path) && ((await Deno.stat(path)).nlink ?? 1) > 1) {
      await writeFileAtomic(path, await Deno.readFile(path), disk);
    }
    const file = await disk.open(path, { write: true, create: true });
    const { size } = await file.stat();
    const kept = Math.min(keep, size);
    await file.truncate(kept);
    await file.seek(kept, Deno.SeekMode.Start);
    return new LogFile(file, kept);
  }

  /** How long it is. */
  get bytes(): number {
    return this.size;
  }

  /** Appends a line of JSON. */
  append(entry: Readonly<Record<string, unknown>>): Promise<void> {
    return this.write(`${JSON.stringify(entry)}\n`);
  }

  /** Appends text or bytes. */
  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    try {
      await writeAll(this.file, bytes);
    } catch (error) {
      // Half a line is none.
      await this.file.truncate(this.size).catch(() => {});
      throw error;
    }
    this.size += bytes.length;
  }

  /** Returns when all lines are on the medium. */
  sync(): Promise<void> {
    return this.file.sync();
  }

  /** Closes the file. */
  close(): void {
    this.file.close();
  }
}
