/** Writing a file bit by bit. */
import { dirname } from "node:path";
import { DISK, type DiskFile, writeAll } from "./disk.ts";
import { type Place, placeOf } from "./place.ts";
import { explainRefusal } from "./refusal.ts";
import { partialPath } from "./temporary.ts";

/**
 * A file under way: what is written gathers in a file beside it, which takes its place at
 * {@link Output.finish}. What is there already is replaced only then and keeps its permissions, a
 * link's file is replaced and not the link, and a pipe or device is written into at once. All methods
 * throw InputError where nothing can be written, RunError where the disk is full.
 */
export class Output implements Disposable {
  private constructor(
    private readonly name: string,
    private readonly place: Place,
    /** Where what is written so far is; stays there unless `finish` or `discard` is called. */
    readonly temporary: string,
    private readonly file: DiskFile,
    private readonly disk = DISK,
  ) {}

  /**
   * Makes the folder of `path` if it is missing, and opens the file under way: without `temporary`,
   * which names it, one that people see.
   */
  static async open(path: string, temporary = partialPath, disk = DISK): Promise<Output> {
    try {
      const place = await placeOf(path);
      const gathering = place.isStream ? path : temporary(place.path);
      if (!place.isStream) await disk.makeFolder(dirname(place.path));
      const file = await disk.open(
        gathering,
        place.isStream ? { write: true } : { write: true, createNew: true, mode: place.mode },
      );
      return new Output(path, place, gathering, file, disk);
    } catch (error) {
      throw explainRefusal(path, error);
    }
  }

  /** Whether it is a pipe or device, into which all is written at once. */
  get isStream(): boolean {
    return this.place.isStream;
  }

  /** Adds text or bytes. */
  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    await this.#explained(() => writeAll(this.file, bytes));
  }

  /** All is written: it is the file from now on. */
  async finish(): Promise<void> {
    await this.#explained(async () => {
      if (this.place.isStream) return;
      await this.file.sync();
      this.file.close();
      await this.disk.rename(this.temporary, this.place.path);
    });
  }

  /** What is written is of no use: it is deleted. */
  async discard(): Promise<void> {
    this[Symbol.dispose]();
    if (!this.place.isStream) await this.disk.remove(this.temporary).catch(() => {});
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
  }

  async #explained(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw explainRefusal(this.name, error);
    }
  }
}
