/** A disk that fails at one call. */
import { basename } from "node:path";
import { DISK, type Disk, type DiskFile } from "../../files/disk.ts";

/**
 * How a call fails. `early`: a write does half of its work, other calls do nothing. From then on,
 * calls that need space report a full disk; other calls report an input/output error. `late`: the
 * call succeeds, but an input/output error is reported.
 */
export type Fault = "early" | "late";

/** The system's disk with a fault, and without fsync. */
export class FaultyDisk implements Disk {
  /** The number of modifying calls so far. */
  calls = 0;
  /** All contents that {@link Disk.rename} gave to files, by file name. */
  readonly versions = new Map<string, Uint8Array[]>();

  /**
   * @param faultyCall the call that fails, from 1; none if there are fewer calls
   * @param longestWrite the maximum number of bytes per write
   */
  constructor(
    private readonly faultyCall = Infinity,
    private readonly fault: Fault = "early",
    private readonly longestWrite = Infinity,
  ) {}

  makeFolder(path: string): Promise<void> {
    return this.#call(true, () => DISK.makeFolder(path));
  }

  async open(path: string, options: Deno.OpenOptions): Promise<DiskFile> {
    const file = await this.#call(
      true,
      () => DISK.open(path, options),
      (file) => file.close(),
    );
    return {
      write: (bytes) =>
        this.#call(
          true,
          () => file.write(bytes.subarray(0, this.longestWrite)),
          () => {},
          () => file.write(bytes.subarray(0, bytes.length / 2)),
        ),
      sync: () => this.#call(false, () => Promise.resolve()),
      truncate: (length) => this.#call(false, () => file.truncate(length)),
      stat: () => file.stat(),
      seek: (offset, whence) => file.seek(offset, whence),
      tryLock: (exclusive) => file.tryLock(exclusive),
      close: () => file.close(),
      [Symbol.dispose]: () => file[Symbol.dispose](),
    };
  }

  link(from: string, to: string): Promise<void> {
    return this.#call(true, () => DISK.link(from, to));
  }

  async rename(from: string, to: string): Promise<void> {
    const bytes = await Deno.readFile(from);
    const name = basename(to);
    this.versions.set(name, [...this.versions.get(name) ?? [], bytes]);
    await this.#call(false, () => Deno.rename(from, to));
  }

  remove(path: string): Promise<void> {
    return this.#call(false, () => DISK.remove(path));
  }

  async #call<T>(
    takesSpace: boolean,
    work: () => Promise<T>,
    undo: (result: T) => void = () => {},
    half: () => Promise<unknown> = () => Promise.resolve(),
  ): Promise<T> {
    const isFull = this.fault === "early" && this.calls >= this.faultyCall && takesSpace;
    const isFaulty = ++this.calls === this.faultyCall;
    if (!isFaulty && !isFull) return await work();
    if (this.fault === "late") undo(await work());
    else if (isFaulty) await half();
    throw this.fault === "early" && takesSpace
      ? systemError("ENOSPC", "No space left on device (os error 28)")
      : systemError("EIO", "Input/output error (os error 5)");
  }
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
