/** Writes a file incrementally. */
import { dirname } from "node:path";
import { DISK, type DiskFile, writeAll } from "./disk.ts";
import { type Place, placeOf } from "./place.ts";
import { explainRefusal } from "./refusal.ts";
import { partialPath } from "./temporary.ts";

/**
 * A file being written: the data goes to a file next to it, which replaces it at {@link Output.finish}. An
 * existing file is replaced only then and keeps its permissions; a link's target is replaced, not the link;
 * a pipe or device is written to directly. All methods throw InputError if nothing can be written,
 * RunError if the disk is full.
 */
export class Output implements Disposable {
  private constructor(
    private readonly name: string,
    private readonly place: Place,
    /** Path of the data written so far; it remains unless `finish` or `discard` is called. */
    readonly temporary: string,
    private readonly file: DiskFile,
    private readonly disk = DISK,
  ) {}

  /**
   * Creates the folder of `path` if it is missing, and opens the file to write to, named by `temporary`;
   * by default with a visible name.
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

  /** Whether it is a pipe or device, which is written to directly. */
  get isStream(): boolean {
    return this.place.isStream;
  }

  /** Adds text or bytes. */
  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    await this.#explained(() => writeAll(this.file, bytes));
  }

  /** Completes the file. */
  async finish(): Promise<void> {
    await this.#explained(async () => {
      if (this.place.isStream) return;
      await this.file.sync();
      this.file.close();
      await this.disk.rename(this.temporary, this.place.path);
    });
  }

  /** Deletes the data written so far. */
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
