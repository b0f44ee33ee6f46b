/** Reading a file that a person named, which may be another than was meant. */
import { isAbsolute, join } from "node:path";
import { InputError } from "../errors.ts";
import { formatBytes } from "../reporting/format.ts";
import { exists } from "./exists.ts";
import { HEAD_BYTES, kindOf, NEXT, unlike, type Wanted } from "./kind_of_file.ts";

/** Bytes that are taken from a pipe or a device, which may have no end. */
const STREAM_BYTES = 2 ** 30;

/**
 * Bytes that are taken from a file: more than the memory of a network that is trained, with all that
 * is kept of it. A file can be as long as it likes without taking any room on the disk.
 */
const MAX_BYTES = 2 ** 32;

const NETWORKS = ["checkpoints/best.safetensors", "folded/model.safetensors", "model.safetensors"];

/** Files of a run, or of a network from elsewhere, that a folder may have been named for. */
const IN_FOLDERS: Partial<Readonly<Record<Wanted, readonly string[]>>> = {
  network: NETWORKS,
  weights: [...NETWORKS, "pytorch_model.bin"],
  config: ["config.yaml"],
  "network or config": [...NETWORKS, "config.yaml"],
};

/**
 * The contents of a file, or `most` bytes of it. Throws InputError for one that is not there, no file
 * or not readable; and for one that is read to its end also {@link unlike}'s, of its beginning: it
 * may be too large to be read in vain. A pipe or device is read only if it begins as what is wanted.
 */
export async function readWanted(
  path: string,
  wanted: Wanted,
  most = Infinity,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    if (most < Infinity) return await readBeginning(path, most);
    const { isFile, isDirectory, size } = await Deno.stat(path);
    if (!isFile && !isDirectory) return await readStream(path, wanted);
    const other = unlike(path, kindOf(await readBeginning(path, HEAD_BYTES)), wanted);
    if (other) throw other;
    if (size > MAX_BYTES) {
      throw new InputError(
        `${path}: holds ${formatBytes(size)}; expected at most ${formatBytes(MAX_BYTES)}; ` +
          NEXT[wanted],
      );
    }
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || error instanceof InputError) throw error;
    if (error instanceof Deno.errors.NotFound) {
      const place = isAbsolute(path) ? "" : ` in ${Deno.cwd()}`;
      const hint = `${place}; \`overfold init ${path}\` writes a config to start from`;
      throw new InputError(`${path}: no such file${wanted === "config" ? hint : ""}`);
    }
    const isFolder = await Deno.stat(path).then((info) => info.isDirectory, () => false);
    if (!isFolder) throw new InputError(`${path}: cannot be read: ${(error as Error).message}`);
    for (const name of IN_FOLDERS[wanted] ?? []) {
      const inside = join(path, name);
      if (await exists(inside)) {
        throw new InputError(`${path}: cannot be read: it is a folder; name ${inside}`);
      }
    }
    throw new InputError(`${path}: cannot be read: it is a folder; ${NEXT[wanted]}`);
  }
}

/** What comes from a pipe or a device: it can be read only once. */
async function readStream(path: string, wanted: Wanted): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  const head = await nextBytes(file, HEAD_BYTES);
  const kind = kindOf(head);
  if (kind?.fits !== wanted) {
    throw unlike(path, kind, wanted) ?? new InputError(
      `${path}: cannot be read: a pipe or device that begins as nothing known; ${NEXT[wanted]}`,
    );
  }
  const parts = [head];
  let length = head.length;
  for await (const chunk of file.readable) {
    parts.push(chunk);
    length += chunk.length;
    if (length > STREAM_BYTES) {
      throw new InputError(`${path}: more than 1 GiB came and no end; write it to a file first`);
    }
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

async function readBeginning(path: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  return await nextBytes(file, most);
}

/** The next `most` bytes of a file, fewer at its end. */
export async function nextBytes(file: Deno.FsFile, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(most);
  let length = 0;
  while (length < most) {
    const count = await file.read(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

/**
 * Whether the file `path` is a network or a config: told by its first bytes, or by its name where they
 * do not say or can be read only once. Throws InputError as {@link readWanted} does, and for a file
 * that is plainly neither.
 */
export async function networkOrConfig(path: string): Promise<"network" | "config"> {
  const byName = path.endsWith(".safetensors") ? "network" : "config";
  const either = "network or config";
  const info = await Deno.stat(path).catch(() => undefined);
  if (info && !info.isFile && !info.isDirectory) return byName;
  const kind = kindOf(await readWanted(path, info?.isDirectory ? either : byName, HEAD_BYTES));
  if (kind?.fits === "network" || kind?.fits === "config") return kind.fits;
  const other = unlike(path, kind, either);
  if (other) throw other;
  return byName;
}
