/** Reads a file that the user named, which may be the wrong one. */
import { isAbsolute, join } from "node:path";
import { InputError } from "../errors.ts";
import { formatBytes } from "../reporting/format.ts";
import { exists } from "./exists.ts";
import { HEAD_BYTES, kindOf, NEXT, unlike, type Wanted } from "./kind_of_file.ts";

/** Most bytes read from a pipe or a device, which may never end. */
const STREAM_BYTES = 2 ** 30;

/**
 * Most bytes read from a file: more than any trained network needs. A sparse file can be of any length
 * without occupying disk space.
 */
const MAX_BYTES = 2 ** 32;

const NETWORKS = ["checkpoints/best.safetensors", "folded/model.safetensors", "model.safetensors"];

/** Files for which a user may have named the folder of a run or of a network. */
const IN_FOLDERS: Partial<Readonly<Record<Wanted, readonly string[]>>> = {
  network: NETWORKS,
  weights: [...NETWORKS, "pytorch_model.bin"],
  config: ["config.yaml"],
  "network or config": [...NETWORKS, "config.yaml"],
};

/**
 * The contents of a file, or its first `most` bytes. Throws InputError if it does not exist, is not a file
 * or is not readable; and, for a file read to its end, {@link unlike}'s error based on its first bytes,
 * since it may be too large to read in vain. A pipe or device is read only if it begins like the wanted kind.
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

/** The contents of a pipe or a device, which can be read only once. */
async function readStream(path: string, wanted: Wanted): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  const head = await nextBytes(file, HEAD_BYTES);
  const kind = kindOf(head);
  if (kind?.fits !== wanted) {
    throw unlike(path, kind, wanted) ?? new InputError(
      `${path}: cannot be read: a pipe or device with unknown contents; ${NEXT[wanted]}`,
    );
  }
  const parts = [head];
  let length = head.length;
  for await (const chunk of file.readable) {
    parts.push(chunk);
    length += chunk.length;
    if (length > STREAM_BYTES) {
      throw new InputError(`${path}: more than 1 GiB without an end; write it to a file first`);
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
 * Whether the file `path` is a network or a config: by its first bytes, or by its name if they do not
 * decide or can be read only once. Throws InputError as {@link readWanted} does, and for a file that is
 * clearly neither.
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
