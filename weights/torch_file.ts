/**
 * PyTorch's files, as `torch.save` writes them: since 1.6 a zip archive of a pickle, `data.pkl`, and of
 * storages, `data/KEY`; before that several pickles in a row, then the storages. They are read as data;
 * the pickle runs no code ({@link unpickleTorch}).
 */
import { InputError } from "../errors.ts";
import { zipEntries } from "../datasets/archives/zip.ts";
import { textOf } from "../files/formats/pickle.ts";
import { readWanted } from "../files/read_wanted.ts";
import { formatBytes } from "../reporting/format.ts";
import { isLine, shown } from "../safetensors/line.ts";
import { elementBytes, type Tensor } from "../safetensors/safetensors.ts";
import { SAVE_WEIGHTS, unpickleTorch, unsound } from "./torch_pickle.ts";
import { type FoundState, stateIn } from "./torch_state.ts";
import { mostBytes, readViews, storagesOf, type StorageViews } from "./torch_tensors.ts";

/** The weights in a file of torch.save. */
interface TorchWeights extends Pick<FoundState, "at" | "others"> {
  /** In the order of the state dict. */
  readonly tensors: Map<string, Tensor>;
}

/** Most bytes of a pickle, which does not contain the numbers. */
const MAX_PICKLE = 2 ** 25;

/** The first bytes of a zip archive. */
const ZIP = [0x50, 0x4b];

/**
 * The weights in a file of torch.save: of several networks, the one at `wanted`, else the one that training
 * code most likely saved as its model. Throws InputError for a file that is damaged, contains no weights, a
 * whole model or a program, or names anything that weights do not need.
 */
export async function readTorchWeights(path: string, wanted?: string): Promise<TorchWeights> {
  const [first, second] = await readWanted(path, "torch", ZIP.length);
  return first === ZIP[0] && second === ZIP[1]
    ? await readZip(path, wanted)
    : await readLegacy(path, wanted);
}

async function readZip(path: string, wanted?: string): Promise<TorchWeights> {
  const { size: fileBytes } = await Deno.stat(path);
  const names = new Set<string>();
  const texts = new Map<string, Uint8Array<ArrayBuffer>>();
  await eachEntry(path, fileBytes, async (name, read) => {
    names.add(name);
    if (/(^|\/)(data\.pkl|byteorder)$/.test(name)) texts.set(name, await read(MAX_PICKLE));
  });
  const [main] = [...texts.keys()].filter((name) => name.endsWith("data.pkl"))
    .toSorted((a, b) => a.length - b.length);
  if (main === undefined) {
    throw new InputError(
      `${path}: a zip archive without data.pkl, not written by torch.save; if it contains weights, ` +
        "unpack it and name the file in it",
    );
  }
  const folder = main.slice(0, -"data.pkl".length);
  if (names.has(`${folder}constants.pkl`)) {
    throw new InputError(
      `${path}: a TorchScript archive, which contains a program; ${SAVE_WEIGHTS} (torch.jit.load gives ` +
        "the model)",
    );
  }
  const isBigEndian = new TextDecoder().decode(texts.get(`${folder}byteorder`)) === "big";
  const { state, ...found } = stateIn(path, unpickleTorch(texts.get(main)!, path).value, wanted);
  const storages = storagesOf(path, requireNames(path, state), fileBytes);
  const tensors = new Map<string, Tensor>();
  const missing = new Set(storages.keys());
  await eachEntry(path, fileBytes, async (name, read) => {
    const key = name.startsWith(`${folder}data/`) ? name.slice(folder.length + 5) : undefined;
    const views = key === undefined ? undefined : storages.get(key);
    if (key === undefined || !views || !missing.delete(key)) return;
    readViews(path, views, await read(Infinity), isBigEndian, tensors);
  });
  for (const key of missing) throw absent(path, storages.get(key)!);
  return { ...found, tensors: inOrder(state, tensors) };
}

/** Reads through a zip archive. Throws InputError if it is damaged. */
async function eachEntry(
  path: string,
  fileBytes: number,
  use: (
    name: string,
    read: (most: number) => Promise<Uint8Array<ArrayBuffer>>,
  ) => Promise<void>,
): Promise<void> {
  const maxBytes = mostBytes(fileBytes);
  const tooLarge = () =>
    unsound(
      path,
      `unpacked, it has more than the allowed ${formatBytes(maxBytes)}, from ${
        formatBytes(fileBytes)
      }`,
    );
  try {
    for await (const entry of zipEntries(path, { maxBytes, tooLarge, onRead: () => {} })) {
      await use(entry.name, async (most) => {
        if (entry.size <= most) return await new Response(entry.body).bytes();
        throw unsound(path, `${entry.name} has ${formatBytes(entry.size)}, expected less`);
      });
    }
  } catch (error) {
    if (!(error instanceof Error) || error instanceof InputError) throw error;
    throw unsound(path, error.message);
  }
}

/** The first pickle, which identifies such a file. */
const MAGIC = 0x1950a86a20f9469cfc6cn;

/** The second pickle; then come the sizes of number types on the machine that wrote the file. */
const VERSION = 1001;

/** Bytes of the element count that precedes a storage. */
const COUNT_BYTES = 8;

async function readLegacy(path: string, wanted?: string): Promise<TorchWeights> {
  const bytes = await readWanted(path, "torch");
  let at = 0;
  const next = () => {
    const read = unpickleTorch(bytes.subarray(at, at + MAX_PICKLE), path);
    at += read.end;
    return read;
  };
  if (next().value !== MAGIC) {
    throw new InputError(
      `${path}: a pickle, but not written by torch.save; ${SAVE_WEIGHTS}`,
    );
  }
  const [{ value: version }] = [next(), next()];
  if (version !== VERSION) {
    throw unsound(path, `its version is ${shown(version)}, expected ${VERSION}`);
  }
  const { value, storages: all } = next();
  const { state, ...found } = stateIn(path, value, wanted);
  const storages = storagesOf(path, requireNames(path, state), bytes.length);
  const { value: keys } = next();
  const tensors = new Map<string, Tensor>();
  const missing = new Set(storages.keys());
  for (const key of Array.isArray(keys) ? keys.map(textOf) : []) {
    const storage = all.get(key ?? "");
    if (storage?.dtype === undefined) {
      throw unsound(path, `the length of its storage ${shown(key)} is missing`);
    }
    const length = storage.size * elementBytes(storage.dtype);
    at += COUNT_BYTES;
    if (length > bytes.length - at) throw unsound(path, "it is truncated");
    const views = storages.get(storage.key);
    if (views && missing.delete(storage.key)) {
      readViews(path, views, bytes.subarray(at, at + length), false, tensors);
    }
    at += length;
  }
  for (const key of missing) throw absent(path, storages.get(key)!);
  return { ...found, tensors: inOrder(state, tensors) };
}

/** Throws InputError for strings that cannot be names of tensors. */
function requireNames<T>(path: string, tensors: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  const unfit = [...tensors.keys()].find((name) => !isLine(name));
  if (unfit === undefined) return tensors;
  throw unsound(path, `a tensor's name is too long or has control characters: ${shown(unfit)}`);
}

function absent(path: string, { storage, views }: StorageViews): InputError {
  return unsound(
    path,
    `the storage ${shown(storage.key)} of the tensor ${views[0][0]} is not in it`,
  );
}

function inOrder(
  state: ReadonlyMap<string, unknown>,
  tensors: ReadonlyMap<string, Tensor>,
): Map<string, Tensor> {
  return new Map([...state.keys()].map((name) => [name, tensors.get(name)!]));
}
