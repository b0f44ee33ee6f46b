/**
 * What `torch.save` pickles: values of Python with tensors in them, whose numbers lie elsewhere. Only what
 * weights need has a meaning here, what stands beside them in checkpoints is skipped, and any other name
 * refuses the file: nothing is ever called.
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

/** Characters of a name that are shown. */
const MAX_OF_NAME = 200;

/** What to do instead, in PyTorch. */
export const SAVE_WEIGHTS =
  'save the weights alone, in PyTorch: torch.save(model.state_dict(), "weights.pth")';

const converted = (method: string) =>
  `in PyTorch: torch.save({name: tensor.${method}() for name, tensor in ` +
  'model.state_dict().items()}, "weights.pth")';
const DENSE = `sparse tensors: make them dense first, ${converted("to_dense")}`;

/** Tensors that are none of plain numbers, by what makes them, and what to do. */
const OTHER_TENSORS: Readonly<Record<string, string>> = {
  "torch._utils._rebuild_qtensor": `quantized tensors: dequantize them first, ${
    converted("dequantize")
  }`,
  "torch._utils._rebuild_sparse_tensor": DENSE,
  "torch._utils._rebuild_sparse_csr_tensor": DENSE,
  "torch._utils._rebuild_meta_tensor_no_storage":
    "tensors of the device meta, which have no numbers: load weights into the model before it is saved",
};

/** Numbers that tensors look into. */
export class Storage {
  /**
   * @param dtype undefined where they are none that are read, as complex ones
   * @param type by its name in PyTorch, as `FloatStorage`
   * @param size numbers in it
   */
  constructor(
    readonly key: string,
    readonly type: string,
    readonly dtype: StoredDtype | undefined,
    readonly size: number,
  ) {}
}

/** A tensor as it is pickled: nothing is checked. */
export class TensorView {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly stride: readonly number[],
  ) {}
}

/** A type of storages: named, never called. */
class StorageType implements Named {
  readonly call = undefined;
  constructor(readonly name: string) {}
}

/** Element types by the storages of them. */
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

/** What stands beside weights in checkpoints and is skipped. */
const SKIPPED = new Set([
  ...PYTHON,
  ...NUMPY,
  ...PATHS,
  ...TORCH_DTYPES,
  ...["argparse.Namespace", "numpy.dtype", "numpy.ndarray", "torch.Size", "torch.device"],
  "_codecs.encode",
]);

/** What weights are made of. */
const NEEDED: Readonly<Record<string, Named>> = {
  "collections.OrderedDict": {
    call([pairs = []]) {
      if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair))) {
        throw new PickleError("it holds a dictionary of no pairs");
      }
      return new Map(pairs.map(([key, value]) => [textOf(key) ?? key, value]));
    },
  },
  "torch._utils._rebuild_tensor_v2": { call: view },
  "torch._utils._rebuild_tensor": { call: view },
  "torch._utils._rebuild_parameter": { call: ([tensor]) => tensor },
};

/** What a pickle may name and keep outside itself; storages of the latter go into `storages`. */
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
      if (textOf(kind) === "module") throw new PickleError("it holds a module", "torch.nn.Module");
      const key = textOf(name);
      const isWhole = textOf(kind) === "storage" && !part;
      if (!isWhole || !(type instanceof StorageType) || key === undefined || !isSizes([size])) {
        throw new PickleError("it holds something else than whole storages outside it");
      }
      const storage = new Storage(key, type.name, DTYPES[type.name], Number(size));
      const known = storages.get(key) ?? storage;
      if (known.type !== storage.type || known.size !== storage.size) {
        throw new PickleError(`its storage ${key} is also one of another type or size`);
      }
      storages.set(key, known);
      return known;
    },
  };
}

/**
 * The value of a pickle in the file `path`, the storages by their keys that it speaks of, and where it
 * ends. Throws InputError for one that is damaged or wants to use what weights do not need, with what to
 * do instead.
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
      throw new InputError(`${path}: it holds ${OTHER_TENSORS[unknown]}`);
    }
    const name = spellName(abridged(unknown, MAX_OF_NAME));
    throw new InputError(
      isOfModel(unknown, bytes)
        ? `${path}: it holds a whole model (${name}), which only the program that made it can ` +
          `build; ${SAVE_WEIGHTS}`
        : `${path}: it wants to use ${name}, which no weights need and which may run programs; ` +
          `nothing of it was run. If you trust whoever made it, ${SAVE_WEIGHTS}`,
    );
  }
}

/** That a file of torch.save is damaged. */
export function unsound(path: string, problem: string): InputError {
  return new InputError(
    `${path}: not a sound file of torch.save: ${problem}; save or fetch it again`,
  );
}

/** Whether a name belongs to a module of PyTorch's, or of one's own by what the pickle says of it. */
function isOfModel(name: string, bytes: Uint8Array): boolean {
  if (name.startsWith("torch.nn.")) return true;
  const text = new TextDecoder("latin1").decode(bytes);
  return text.includes("_parameters") && text.includes("_modules");
}

function view([storage, offset, shape, stride]: readonly unknown[]): TensorView {
  if (
    !(storage instanceof Storage) || !isSizes([offset]) || !isSizes(shape) || !isSizes(stride) ||
    shape.length !== stride.length
  ) throw new PickleError("it holds a tensor that lies nowhere");
  return new TensorView(storage, Number(offset), shape, stride);
}
