/** The operations by which files are changed, in one place: a test puts others there. */
import { dirname } from "node:path";

/** An open file: what of Deno's is used to write. */
export interface DiskFile extends Disposable {
  /** Writes some of `bytes` at the present position and returns how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Returns when what was written is on the medium. */
  sync(): Promise<void>;
  /** Cuts the file to `length` bytes. */
  truncate(length: number): Promise<void>;
  /** How long it is now. */
  stat(): Promise<Pick<Deno.FileInfo, "size">>;
  /** Moves the position. */
  seek(offset: number, whence: Deno.SeekMode): Promise<number>;
  /** Takes the system's lock of the file; false if another process has it. */
  tryLock(exclusive: boolean): Promise<boolean>;
  /** Lets go of the file, and of its lock. */
  close(): void;
}

/** What changes files and folders. Each operation throws what the system says against it. */
export interface Disk {
  /** Makes a folder and those above it, unless they are there. */
  makeFolder(path: string): Promise<void>;
  /** Opens a file; a `mode` is the file's whatever the process masks. */
  open(path: string, options: Deno.OpenOptions): Promise<DiskFile>;
  /** Gives a file a second name, or where there are no such names makes a copy. */
  link(from: string, to: string): Promise<void>;
  /** Puts `from` in the place of `to`, in the same folder, so that it outlasts a loss of power. */
  rename(from: string, to: string): Promise<void>;
  /** Deletes a file. */
  remove(path: string): Promise<void>;
}

/** The system's own. */
export const DISK: Disk = {
  makeFolder: (path) => Deno.mkdir(path, { recursive: true }),
  async open(path, options) {
    const file = await Deno.open(path, options);
    // A file system without modes refuses; the file is then no wider than was asked for.
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

/** Writes all of `bytes` at the file's present position. */
export async function writeAll(file: DiskFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

/** Brings a folder's names to the medium; where the system cannot, it must do without. */
async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using folder = await Deno.open(path);
  try {
    await folder.sync();
  } catch (error) {
    // Some file systems have nothing to do there, and say so.
    if (!(error instanceof Error && "code" in error && error.code === "EINVAL")) throw error;
  }
}
