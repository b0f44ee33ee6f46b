/**
 * The way in for weights trained elsewhere: safetensors files with PyTorch's names (torchvision,
 * timm, the DO-Conv authors' layer) and the initialisers of ONNX files. Plain kernels unfold into
 * over-parameterized layers without changing what the network computes.
 */
import { InputError } from "../errors.ts";
import { sameShape } from "../graph/types.ts";
import { BatchNorm2d } from "../layers/batch_norm2d.ts";
import { adoptTensors } from "../layers/convolutions.ts";
import type { Module, StateDict, StateTensor } from "../layers/module.ts";
import { joinPath, parentPath } from "../layers/names.ts";
import { classifierOf } from "../models/classifier.ts";
import { someOf } from "../reporting/format.ts";
import { inferenceState, parseCheckpoint, restoreModel } from "./checkpoint.ts";
import { describeNotFinite } from "./finite.ts";
import { CHECKPOINT_FORMAT, FOLDED_FORMAT } from "./formats.ts";
import { parseFoldedNetwork } from "./network.ts";
import { readOnnxTensors } from "./onnx_file.ts";
import type { Safetensors } from "./safetensors.ts";
import { readSafetensors } from "./safetensors_file.ts";

/** Weights from elsewhere. */
export interface ForeignState {
  /** The file they are from. */
  readonly path: string;
  /** By their names in the file. */
  readonly tensors: StateDict;
  /** Whether there may be tensors that are no weights, as constants in an ONNX file are. */
  readonly hasOthers: boolean;
}

/** Options of {@link adoptState}. */
export interface AdoptOptions {
  /**
   * Whether the last fully connected layer keeps its present weights whatever the file holds, so
   * that it may have another number of classes; `auto`: where the file's has, or there is none.
   * Default false.
   */
  readonly replaceClassifier?: boolean | "auto";
}

/** What became of weights from elsewhere. */
export interface Adopted {
  /** The names of tensors that stood beside the model in its wrapper and were left out. */
  readonly leftOut: readonly string[];
  /** The last fully connected layer, where it kept its weights. */
  readonly replaced?: {
    readonly layer: string;
    /** Classes that the file's layer tells apart; absent where there is none. */
    readonly classes?: number;
  };
}

/**
 * Reads the weights in a safetensors or ONNX file, or in one of our checkpoints. Throws InputError for
 * a file of another kind and one that is damaged.
 */
export async function readForeignState(path: string): Promise<ForeignState> {
  if (path.toLowerCase().endsWith(".onnx")) {
    return { path, tensors: await readOnnxTensors(path), hasOthers: true };
  }
  const contents = await readSafetensors(path);
  return { path, tensors: ownState(path, contents) ?? contents.tensors, hasOthers: false };
}

/**
 * The weights in a file of ours; undefined for another. It is taken only if all it says is sound,
 * though only its tensors are wanted.
 */
function ownState(path: string, contents: Safetensors): StateDict | undefined {
  switch (contents.metadata.format) {
    case CHECKPOINT_FORMAT: {
      const checkpoint = parseCheckpoint(path, contents);
      restoreModel(checkpoint, path);
      return inferenceState(checkpoint);
    }
    case FOLDED_FORMAT:
      return parseFoldedNetwork(path, contents).tensors;
  }
}

/** Fields that training code keeps its model in. */
const WRAPPERS = ["module.", "model.", "_orig_mod."];

/**
 * What of a file's tensors is a model's: where the names of its layers stand behind those of a
 * wrapper (`module.`, `model.`), that is taken off, and what is beside the model in the wrapper, as a
 * loss's weights are, is left out.
 */
export function tensorsOf(
  model: Module,
  tensors: StateDict,
): { tensors: StateDict; leftOut: readonly string[] } {
  const layers = model.namedModules();
  const known = (state: StateDict) =>
    [...state.keys()].filter((name) => layers.has(parentPath(name))).length;
  for (const wrapper of WRAPPERS) {
    const inside = new Map(
      [...tensors].filter(([name]) => name.startsWith(wrapper))
        .map(([name, tensor]) => [name.slice(wrapper.length), tensor]),
    );
    const inner = inside.size > 0 ? tensorsOf(model, inside) : undefined;
    if (inner === undefined || known(inner.tensors) <= known(tensors)) continue;
    const beside = [...tensors.keys()].filter((name) => !name.startsWith(wrapper));
    return {
      tensors: inner.tensors,
      leftOut: [...inner.leftOut.map((name) => wrapper + name), ...beside],
    };
  }
  return { tensors, leftOut: [] };
}

/**
 * Takes weights from elsewhere into a model, each layer reading the tensors under its path its own
 * way: plain kernels unfold, the authors' 1x1 kernels become plain. The model must be initialised.
 * Batch counters may be missing, or lists of one number; a wrapper's prefix is taken off. Throws one
 * InputError that lists every tensor that is missing, unexpected or of another shape, or names the
 * first that holds NaN or infinity; the model is then as it was.
 */
export function adoptState(
  model: Module,
  { path: file, tensors: all, hasOthers }: ForeignState,
  { replaceClassifier = false }: AdoptOptions = {},
): Adopted {
  const { tensors, leftOut } = tensorsOf(model, all);
  const adopted = new Map<string, StateTensor>();
  const layers = model.namedModules();
  const present = model.stateDict();
  for (const [path, own] of tensorsByLayer(tensors)) {
    const layer = layers.get(path);
    const read = layer ? adoptTensors(layer, own) : own;
    read.forEach((tensor, name) => adopted.set(joinPath(path, name), tensor));
  }
  const replaced = replacedBy(model, file, adopted, replaceClassifier);
  const kept = replaced && `${replaced.layer}.`;
  if (kept) {
    for (const name of [...adopted.keys()]) if (name.startsWith(kept)) adopted.delete(name);
  }
  for (const [name, tensor] of present) {
    const isCounter = name.endsWith("num_batches_tracked");
    const isOptional = isCounter || (kept && name.startsWith(kept));
    const given = adopted.get(name);
    if (isOptional && !given) adopted.set(name, tensor);
    if (isCounter && given?.data.length === 1) adopted.set(name, { ...given, shape: [] });
  }
  if (hasOthers) {
    for (const name of [...adopted.keys()]) if (!present.has(name)) adopted.delete(name);
  }
  checkBatchNorms(model, adopted, { tensors, path: file });
  for (const name of present.keys()) {
    if (describeNotFinite(adopted.get(name)?.data ?? []) === undefined) continue;
    // What a layer makes of the file's tensors has other names.
    const [inFile, { data }] = [...tensors].find(([own, { data }]) =>
      parentPath(own) === parentPath(name) && describeNotFinite(data)
    ) ?? [name, adopted.get(name)!];
    throw new InputError(
      `${file}: ${inFile} holds ${
        describeNotFinite(data)
      }; its training diverged: use other weights`,
    );
  }
  try {
    model.loadStateDict(adopted);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const beside = leftOut.length > 0 ? `\nLeft out, as not in the model: ${someOf(leftOut)}` : "";
    throw new InputError(`${file}: ${error.message}${classesAdvice(model, adopted)}${beside}`);
  }
  return { leftOut: hasOthers ? [] : leftOut, ...(replaced ? { replaced } : {}) };
}

/** The classifier, if it is to keep its weights. */
function replacedBy(
  model: Module,
  file: string,
  adopted: StateDict,
  replaceClassifier: NonNullable<AdoptOptions["replaceClassifier"]>,
): Adopted["replaced"] {
  const layer = replaceClassifier === false ? undefined : classifierOf(model);
  if (layer === undefined) {
    if (replaceClassifier !== true) return undefined;
    throw new InputError(`${file}: the model has no fully connected layer to classify with`);
  }
  const name = `${layer}.weight`;
  const [classes, inputs] = adopted.get(name)?.shape ?? [];
  const [wanted, expected] = model.namedParameters().get(name)?.shape ?? [];
  const isOther = classes === undefined || classes !== wanted && inputs === expected;
  if (replaceClassifier === "auto" && !isOther) return undefined;
  return { layer, ...(classes === undefined ? {} : { classes }) };
}

/** What to do where all fits but the layer that tells classes apart. */
function classesAdvice(model: Module, adopted: StateDict): string {
  const unfit = [...model.stateDict()].filter(([name, { shape }]) => {
    const found = adopted.get(name);
    return !found || !sameShape(found.shape, shape);
  });
  const last = classifierOf(model);
  return last !== undefined && unfit.length > 0 &&
      unfit.every(([name]) => parentPath(name) === last)
    ? "\nIf these are weights for other classes, a config with model.replaceClassifier: true besides " +
      `model.pretrained starts the layer ${last} anew and takes the rest`
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
  // PyTorch's exporter takes the names off kernels that it has changed.
  const isUnnamed = [...tensors.keys()].some((name) => /^onnx::Conv_\d+$/.test(name));
  const norms = [...paths].filter((path) => layers.get(path) instanceof BatchNorm2d);
  const isLeftOut = (path: string) => !found.has(path) && (isUnnamed || norms.includes(path));
  if (norms.length === 0 || ![...paths].every(isLeftOut)) return;
  throw new InputError(
    `${file}: the layers ${
      someOf(norms, 3)
    } (batch norms) are not in it; in an exported file they are folded ` +
      "into the convolutions and cannot be taken out again. Use the checkpoint or the folded network " +
      "(.safetensors) it was exported from, or in PyTorch save the weights themselves: " +
      "safetensors.torch.save_file(model.state_dict(), 'model.safetensors')",
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
