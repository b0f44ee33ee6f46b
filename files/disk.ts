/** The operations that change files, in one place, so that a test can replace them. */
import { dirname } from "node:path";

/** An open file: the part of Deno's interface used for writing. */
export interface DiskFile extends Disposable {
  /** Writes some of `bytes` at the current position and returns how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Resolves when written bytes are on the medium. */
  sync(): Promise<void>;
  /** Truncates the file to `length` bytes. */
  truncate(length: number): Promise<void>;
  /** Its current length. */
  stat(): Promise<Pick<Deno.FileInfo, "size">>;
  /** Moves the position. */
  seek(offset: number, whence: Deno.SeekMode): Promise<number>;
  /** Locks the file; false if another process has the lock. */
  tryLock(exclusive: boolean): Promise<boolean>;
  /** Closes the file and releases its lock. */
  close(): void;
}

/** Changes files and folders. Each operation throws the system's error if it is refused. */
export interface Disk {
  /** Creates a folder and its parents if they are missing. */
  makeFolder(path: string): Promise<void>;
  /** Opens a file; `mode` applies regardless of the process's umask. */
  open(path: string, options: Deno.OpenOptions): Promise<DiskFile>;
  /** Gives a file a second name, or copies it if links are not supported. */
  link(from: string, to: string): Promise<void>;
  /** Renames `from` to `to`, in the same folder, so that it survives a power failure. */
  rename(from: string, to: string): Promise<void>;
  /** Deletes a file. */
  remove(path: string): Promise<void>;
}

/** The system's disk. */
export const DISK: Disk = {
  makeFolder: (path) => Deno.mkdir(path, { recursive: true }),
  async open(path, options) {
    const file = await Deno.open(path, options);
    // A file system without modes refuses; the file then has at most the requested permissions.
    if (options.mode !== undefined) await Deno.chmod(path, options.mode).catch(() => {});
    return file;
  },
  link: (from, to) => Deno.link(from, to).catch(() => Deno.copyFile(from, to)),
  async rename(from, to) {
    await Deno.rename(from, to);
    await syncFolder(dirname(to));
  },
  remove: (path) => Deno.remove(path),
};

/** Writes all of `bytes` at the file's current position. */
export async function writeAll(file: DiskFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

/** Flushes a folder's entries to the medium if the system supports it. */
async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using folder = await Deno.open(path);
  try {
    await folder.sync();
  } catch (error) {
    // Some file systems do not need it and refuse.
    if (!(error instanceof Error && "code" in error && error.code === "EINVAL")) throw error;
  }
}
