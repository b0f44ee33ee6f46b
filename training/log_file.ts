/** An append-only file, such as JSON lines: each line is written completely or not at all. */
import { writeFileAtomic } from "../files/atomic.ts";
import { DISK, type DiskFile, writeAll } from "../files/disk.ts";
import { exists } from "../files/exists.ts";

/** Such a file, open for writing. */
export class LogFile {
  private constructor(private readonly file: DiskFile, private size: number) {}

  /** Opens a log, created if missing and truncated to its first `keep` bytes. */
  static async open(path: string, keep: number, disk = DISK): Promise<LogFile> {
    // Truncating and appending would change a copy that shares the file, as made by `cp -l`.
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

  get bytes(): number {
    return this.size;
  }

  /** Appends a line of JSON. */
  append(entry: Readonly<Record<string, unknown>>): Promise<void> {
    return this.write(`${JSON.stringify(entry)}\n`);
  }

  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    try {
      await writeAll(this.file, bytes);
    } catch (error) {
      // A partial line is removed.
      await this.file.truncate(this.size).catch(() => {});
      throw error;
    }
    this.size += bytes.length;
  }

  /** Returns when all lines are on disk. */
  sync(): Promise<void> {
    return this.file.sync();
  }

  close(): void {
    this.file.close();
  }
}
