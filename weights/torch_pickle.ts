/**
 * The pickles of `torch.save`: Python values with tensors, whose numbers are stored separately. Only names
 * that weights need are interpreted; other values commonly found in checkpoints are skipped, and any other
 * name makes the file refused. Nothing is ever called.
 */
import { InputError } from "../errors.ts";
import {
  type Named,
  OPAQUE,
  PickleError,
  textOf,
  unpickle,
  type Vocabulary,
} from "../files/formats/pickle.ts";
import { spellName } from "../reporting/controls.ts";
import { abridged } from "../reporting/format.ts";
import { isSizes, type StoredDtype } from "../safetensors/safetensors.ts";

/** Most characters of a name shown in messages. */
const MAX_OF_NAME = 200;

/** What to do instead in PyTorch. */
export const SAVE_WEIGHTS =
  'save the weights alone, in PyTorch: torch.save(model.state_dict(), "weights.pth")';

const converted = (method: string) =>
  `in PyTorch: torch.save({name: tensor.${method}() for name, tensor in ` +
  'model.state_dict().items()}, "weights.pth")';
const DENSE = `sparse tensors: make them dense first, ${converted("to_dense")}`;

/** Tensors of unsupported forms by the function that rebuilds them, with advice. */
const OTHER_TENSORS: Readonly<Record<string, string>> = {
  "torch._utils._rebuild_qtensor": `quantized tensors: dequantize them first, ${
    converted("dequantize")
  }`,
  "torch._utils._rebuild_sparse_tensor": DENSE,
  "torch._utils._rebuild_sparse_csr_tensor": DENSE,
  "torch._utils._rebuild_meta_tensor_no_storage":
    "tensors of the device meta, which have no numbers: load weights into the model before saving it",
};

/** The numbers that tensors view. */
export class Storage {
  /**
   * @param dtype undefined for unsupported element types, such as complex
   * @param type its name in PyTorch, such as `FloatStorage`
   * @param size number of elements
   */
  constructor(
    readonly key: string,
    readonly type: string,
    readonly dtype: StoredDtype | undefined,
    readonly size: number,
  ) {}
}

/** A pickled tensor, unchecked. */
export class TensorView {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly stride: readonly number[],
  ) {}
}

/** A storage type: named, never called. */
class StorageType implements Named {
  readonly call = undefined;
  constructor(readonly name: string) {}
}

/** Element types by storage type. */
const DTYPES: Readonly<Record<string, StoredDtype>> = {
  FloatStorage: "F32",
  DoubleStorage: "F64",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  LongStorage: "I64",
  IntStorage: "I32",
  ShortStorage: "I16",
  CharStorage: "I8",
  ByteStorage: "U8",
  BoolStorage: "BOOL",
};

const PYTHON = ["builtins", "__builtin__"].flatMap((module) =>
  ["set", "frozenset", "bytes", "bytearray"].map((name) => `${module}.${name}`)
);
const NUMPY = ["numpy.core", "numpy._core"].flatMap((module) =>
  ["multiarray.scalar", "multiarray._reconstruct", "numeric._frombuffer"]
    .map((name) => `${module}.${name}`)
);
const PATHS = ["pathlib", "pathlib._local"].flatMap((module) =>
  ["PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath"]
    .map((name) => `${module}.${name}`)
);
const TORCH_DTYPES = [
  ...["float16", "bfloat16", "float32", "float64", "half", "float", "double"],
  ...["uint8", "int8", "int16", "int32", "int64", "short", "int", "long", "bool"],
  ...["complex32", "complex64", "complex128", "quint8", "qint8", "qint32"],
].map((name) => `torch.${name}`);

/** Values stored next to weights in checkpoints, which are skipped. */
const SKIPPED = new Set([
  ...PYTHON,
  ...NUMPY,
  ...PATHS,
  ...TORCH_DTYPES,
  ...["argparse.Namespace", "numpy.dtype", "numpy.ndarray", "torch.Size", "torch.device"],
  "_codecs.encode",
]);

/** What weights consist of. */
const NEEDED: Readonly<Record<string, Named>> = {
  "collections.OrderedDict": {
    call([pairs = []]) {
      if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair))) {
        throw new PickleError("it contains a dictionary without pairs");
      }
      return new Map(pairs.map(([key, value]) => [textOf(key) ?? key, value]));
    },
  },
  "torch._utils._rebuild_tensor_v2": { call: view },
  "torch._utils._rebuild_tensor": { call: view },
  "torch._utils._rebuild_parameter": { call: ([tensor]) => tensor },
};

/** The names and external objects that a pickle may use; external storages are added to `storages`. */
function vocabulary(storages: Map<string, Storage>): Vocabulary {
  return {
    named(name) {
      const [, storage] = /^torch\.(?:cuda\.)?(\w+Storage)$/.exec(name) ?? [];
      if (storage !== undefined) return new StorageType(storage);
      if (SKIPPED.has(name)) return OPAQUE;
      return Object.hasOwn(NEEDED, name) ? NEEDED[name] : undefined;
    },
    persistent(id) {
      const [kind, type, name, , size, part] = Array.isArray(id) ? id : [];
      if (textOf(kind) === "module") {
        throw new PickleError("it contains a module", "torch.nn.Module");
      }
      const key = textOf(name);
      const isWhole = textOf(kind) === "storage" && !part;
      if (!isWhole || !(type instanceof StorageType) || key === undefined || !isSizes([size])) {
        throw new PickleError("it refers to external data other than whole storages");
      }
      const storage = new Storage(key, type.name, DTYPES[type.name], Number(size));
      const known = storages.get(key) ?? storage;
      if (known.type !== storage.type || known.size !== storage.size) {
        throw new PickleError(`its storage ${key} appears with different types or sizes`);
      }
      storages.set(key, known);
      return known;
    },
  };
}

/**
 * The value of a pickle in the file `path`, the storages it refers to by key, and its end. Throws
 * InputError, with advice, if the pickle is damaged or names anything that weights do not need.
 */
export function unpickleTorch(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
): { value: unknown; storages: ReadonlyMap<string, Storage>; end: number } {
  const storages = new Map<string, Storage>();
  try {
    return { ...unpickle(bytes, vocabulary(storages)), storages };
  } catch (error) {
    if (!(error instanceof PickleError)) throw error;
    const { unknown, message } = error;
    if (unknown === undefined) throw unsound(path, message);
    if (Object.hasOwn(OTHER_TENSORS, unknown)) {
      throw new InputError(`${path}: it contains ${OTHER_TENSORS[unknown]}`);
    }
    const name = spellName(abridged(unknown, MAX_OF_NAME));
    throw new InputError(
      isOfModel(unknown, bytes)
        ? `${path}: it contains a whole model (${name}), which only the program that made it can ` +
          `build; ${SAVE_WEIGHTS}`
        : `${path}: it uses ${name}, which weights do not need and which may run code; ` +
          `no code was run. If you trust the file's author, ${SAVE_WEIGHTS}`,
    );
  }
}

/** The error for a damaged file of torch.save. */
export function unsound(path: string, problem: string): InputError {
  return new InputError(
    `${path}: not a valid file of torch.save: ${problem}; save or fetch it again`,
  );
}

/** Whether a name is a module's: PyTorch's own, or a user's, recognized by its pickled fields. */
function isOfModel(name: string, bytes: Uint8Array): boolean {
  if (name.startsWith("torch.nn.")) return true;
  const text = new TextDecoder("latin1").decode(bytes);
  return text.includes("_parameters") && text.includes("_modules");
}

function view([storage, offset, shape, stride]: readonly unknown[]): TensorView {
  if (
    !(storage instanceof Storage) || !isSizes([offset]) || !isSizes(shape) || !isSizes(stride) ||
    shape.length !== stride.length
  ) throw new PickleError("it contains a tensor without a storage");
  return new TensorView(storage, Number(offset), shape, stride);
}
