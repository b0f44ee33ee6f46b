/**
 * The way in for weights trained elsewhere: safetensors files with PyTorch's names (torchvision,
 * timm, the DO-Conv authors' layer) and the initialisers of ONNX files. Plain kernels unfold into
 * over-parameterized layers without changing what the network computes.
 */
import { InputError } from "../errors.ts";
import { sameShape } from "../graph/types.ts";
import { BatchNorm2d } from "../layers/batch_norm2d.ts";
import { adoptTensors } from "../layers/convolutions.ts";
import { Linear } from "../layers/linear.ts";
import type { Module, StateDict, StateTensor } from "../layers/module.ts";
import { joinPath, parentPath } from "../layers/names.ts";
import { CHECKPOINT_FORMAT, inferenceState, parseCheckpoint } from "./checkpoint.ts";
import { parseOnnxTensors } from "./onnx_read.ts";
import { parseSafetensors } from "./safetensors.ts";
import { readBytes } from "./safetensors_file.ts";

/** Weights from elsewhere. */
export interface ForeignState {
  /** The file they are from. */
  readonly path: string;
  /** By their names in the file, without a wrapper's prefix. */
  readonly tensors: StateDict;
  /** Whether there may be tensors that are no weights, as constants in an ONNX file are. */
  readonly hasOthers: boolean;
}

/** Options of {@link adoptState}. */
export interface AdoptOptions {
  /**
   * Whether the last fully connected layer keeps its present weights whatever the file holds, so
   * that it may have another number of classes. Default false.
   */
  readonly replaceClassifier?: boolean;
}

/**
 * Reads the weights in a safetensors or ONNX file, or in one of our checkpoints. A prefix that all
 * names share because the model was wrapped (`module.`, `model.`) is taken off. Throws InputError for
 * a file that is of neither kind or damaged.
 */
export async function readForeignState(path: string): Promise<ForeignState> {
  const bytes = await readBytes(path);
  if (path.toLowerCase().endsWith(".onnx")) {
    const tensors = await parseOnnxTensors(bytes, path);
    return { path, tensors: withoutWrapper(tensors), hasOthers: true };
  }
  // A zip archive or a pickle: what torch.save writes.
  if ((bytes[0] === 0x50 && bytes[1] === 0x4b) || (bytes[0] === 0x80 && bytes[1] <= 5)) {
    throw new InputError(
      `${path}: this is a file of torch.save, which may hold programs and is not read; convert it ` +
        "in Python: safetensors.torch.save_file(model.state_dict(), 'model.safetensors')",
    );
  }
  const contents = parseSafetensors(bytes, path);
  const state = contents.metadata.format === CHECKPOINT_FORMAT
    ? inferenceState(parseCheckpoint(path, contents))
    : withoutWrapper(contents.tensors);
  return { path, tensors: state, hasOthers: false };
}

const WRAPPERS = ["module.", "model.", "_orig_mod."];

function withoutWrapper<T>(tensors: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  const names = [...tensors.keys()];
  const wrapper = WRAPPERS.find((prefix) => names.every((name) => name.startsWith(prefix)));
  if (wrapper === undefined || names.length === 0) return tensors;
  const inner = [...tensors].map(([name, tensor]) => [name.slice(wrapper.length), tensor] as const);
  return withoutWrapper(new Map(inner));
}

/**
 * Takes weights from elsewhere into a model, each layer reading the tensors under its path its own
 * way: plain kernels unfold, the authors' 1x1 kernels become plain. The model must be initialised.
 * Batch counters may be missing. Throws one InputError that lists every tensor that is missing,
 * unexpected or of another shape; the model is then as it was.
 */
export function adoptState(
  model: Module,
  { path: file, tensors, hasOthers }: ForeignState,
  { replaceClassifier = false }: AdoptOptions = {},
): void {
  const adopted = new Map<string, StateTensor>();
  const layers = model.namedModules();
  const present = model.stateDict();
  for (const [path, own] of tensorsByLayer(tensors)) {
    const layer = layers.get(path);
    const read = layer ? adoptTensors(layer, own) : own;
    read.forEach((tensor, name) => adopted.set(joinPath(path, name), tensor));
  }
  const kept = replaceClassifier ? `${classifierOf(model, file)}.` : undefined;
  if (kept) {
    for (const name of [...adopted.keys()]) if (name.startsWith(kept)) adopted.delete(name);
  }
  for (const [name, tensor] of present) {
    const isOptional = name.endsWith("num_batches_tracked") || (kept && name.startsWith(kept));
    if (isOptional && !adopted.has(name)) adopted.set(name, tensor);
  }
  if (hasOthers) {
    for (const name of [...adopted.keys()]) if (!present.has(name)) adopted.delete(name);
  }
  checkBatchNorms(model, adopted, { tensors, path: file });
  try {
    model.loadStateDict(adopted);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${file}: ${error.message}${classesAdvice(model, adopted)}`);
  }
}

/** What to do where all fits but the layer that tells classes apart. */
function classesAdvice(model: Module, adopted: StateDict): string {
  const unfit = [...model.stateDict()].filter(([name, { shape }]) => {
    const found = adopted.get(name);
    return !found || !sameShape(found.shape, shape);
  });
  const last = lastLinear(model);
  return last !== undefined && unfit.length > 0 &&
      unfit.every(([name]) => parentPath(name) === last)
    ? "\nIf these are weights for other classes, a config with model.replaceClassifier: true besides " +
      `model.pretrained starts ${last} anew and takes the rest`
    : "";
}

/** A file may hold a network whose batch norms are a part of its convolutions. */
function checkBatchNorms(
  model: Module,
  adopted: StateDict,
  { tensors, path: file }: Pick<ForeignState, "tensors" | "path">,
): void {
  const layers = model.namedModules();
  const found = new Set([...tensors.keys()].map(parentPath));
  const missing = [...model.stateDict().keys()].filter((name) => !adopted.has(name));
  const paths = new Set(missing.map(parentPath));
  const isLeftOut = (path: string) => layers.get(path) instanceof BatchNorm2d && !found.has(path);
  if (paths.size === 0 || ![...paths].every(isLeftOut)) return;
  throw new InputError(
    `${file}: the batch norms ${[...paths].slice(0, 3).join(", ")}${paths.size > 3 ? ", …" : ""} ` +
      "are not in it; in an exported file they are folded into the convolutions and cannot be taken " +
      "out again. Use the checkpoint or the folded network (.safetensors) it was exported from",
  );
}

function tensorsByLayer(tensors: StateDict): Map<string, Map<string, StateTensor>> {
  const layers = new Map<string, Map<string, StateTensor>>();
  for (const [name, tensor] of tensors) {
    const layer = parentPath(name);
    const own = layers.get(layer) ?? new Map<string, StateTensor>();
    layers.set(layer, own.set(name.slice(name.lastIndexOf(".") + 1), tensor));
  }
  return layers;
}

/** The path of the last fully connected layer. Throws InputError for a model that has none. */
export function classifierOf(model: Module, label: string): string {
  const last = lastLinear(model);
  if (last === undefined) {
    throw new InputError(`${label}: the model has no fully connected layer to classify with`);
  }
  return last;
}

function lastLinear(model: Module): string | undefined {
  return [...model.namedModules()].findLast(([, layer]) => layer instanceof Linear)?.[0];
}
