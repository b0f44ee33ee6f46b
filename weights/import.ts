/**
 * Imports weights trained elsewhere: safetensors files with PyTorch's names (torchvision, timm, the
 * DO-Conv authors' layer) and the initializers of ONNX files. Plain kernels unfold into
 * over-parameterized layers without changing what the network computes.
 */
import { InputError } from "../errors.ts";
import { BatchNorm2d } from "../layers/batch_norm2d.ts";
import { adoptTensors } from "../layers/convolutions.ts";
import type { Module, StateDict, StateTensor } from "../layers/module.ts";
import { joinPath, namePattern, parentPath } from "../layers/names.ts";
import { classifierOf } from "../models/classifier.ts";
import { someOf } from "../reporting/format.ts";
import { fromLayouts } from "./authors_layouts.ts";
import { inferenceState, parseCheckpoint, restoreModel } from "../checkpoints/checkpoint.ts";
import { describeNotFinite } from "../networks/finite.ts";
import { CHECKPOINT_FORMAT, FOLDED_FORMAT } from "../safetensors/formats.ts";
import { HEAD_BYTES, kindOf, unlike } from "../files/kind_of_file.ts";
import { readWanted } from "../files/read_wanted.ts";
import { explainMisfit, misfitOf, type OptionForm } from "./misfit.ts";
import { parseFoldedNetwork } from "../networks/network.ts";
import { readOnnxTensors } from "../onnx/file.ts";
import { withOwnNames } from "./published_names.ts";
import { unfoldBatchNorms } from "./folded_batch_norms.ts";
import type { Safetensors } from "../safetensors/safetensors.ts";
import { readSafetensors } from "../safetensors/file.ts";
import { readTorchWeights } from "./torch_file.ts";
import { withPresentNames } from "./torchvision_weights.ts";
import { tensorsByLayer, tensorsOf, type Unwrapped } from "./wrapper.ts";

/** Weights from elsewhere. */
export interface ForeignState {
  /** The file that contains them. */
  readonly path: string;
  /** By their names in the file. */
  readonly tensors: StateDict;
  /** The tensors of an ONNX file that layers use; the others may be its constants. Undefined: all. */
  readonly weights?: ReadonlySet<StateTensor>;
  /** Why other tensors are not read, by name; completes "it is in the file, but". */
  readonly unread?: ReadonlyMap<string, string>;
  /** The keys that lead to the weights in a PyTorch file. */
  readonly at?: string;
  /** The keys that lead to other weights in it. */
  readonly others?: readonly string[];
}

/** Options of {@link adoptState}. */
export interface AdoptOptions {
  /**
   * Whether the last fully connected layer keeps its current weights, so that it may have another number
   * of classes; `auto`: if the file's layer has another number of classes or is missing. Default false.
   */
  readonly replaceClassifier?: boolean | "auto";
  /**
   * The prefix of the model's layer names in the file, or the keys that lead to its weights in a PyTorch
   * file. Default: the prefix that most layer names share.
   */
  readonly prefix?: string;
  /**
   * Names and name prefixes (`layers/names.ts`): matching tensors of the file are left out, and matching
   * tensors of the model keep their current weights. Default: none.
   */
  readonly ignore?: readonly string[];
  /** The form in which messages write these options. Default: config keys. */
  readonly form?: OptionForm;
}

/** The outcome of adopting weights. */
export interface Adopted {
  /** Names of tensors stored next to the model in its wrapper, which were left out. */
  readonly leftOut: readonly string[];
  /** Batch norms that an exporter had folded and that now apply only a shift. */
  readonly folded?: readonly string[];
  /** The last fully connected layer, if it kept its weights. */
  readonly replaced?: {
    readonly layer: string;
    /** Number of classes of the file's layer; absent if the file has none. */
    readonly classes?: number;
  };
}

/**
 * Reads the weights in a safetensors, ONNX or PyTorch file or in one of our checkpoints; the contents
 * determine the format. Throws InputError for other and damaged files.
 *
 * @param prefix the keys that lead to the wanted network in a PyTorch file with several
 */
export async function readForeignState(path: string, prefix?: string): Promise<ForeignState> {
  // A pipe can be read only once.
  const isPipe = await Deno.stat(path).then(
    ({ isFile, isDirectory }) => !isFile && !isDirectory,
    () => false,
  );
  const kind = isPipe ? undefined : kindOf(await readWanted(path, "weights", HEAD_BYTES));
  const isOnnx = kind?.fits === "onnx" || path.toLowerCase().endsWith(".onnx");
  if (isOnnx && kind?.fits !== "network") {
    return { path, ...await readOnnxTensors(path) };
  }
  if (kind?.fits === "torch") {
    const { tensors, ...found } = await readTorchWeights(path, prefix);
    return { path, ...found, tensors: withPresentNames(fromLayouts(tensors)) };
  }
  const other = kind?.fits === "network" ? undefined : unlike(path, kind, "weights");
  if (other) throw other;
  const contents = await readSafetensors(path);
  const tensors = ownState(path, contents) ?? fromLayouts(contents.tensors);
  return { path, tensors };
}

/**
 * The weights in a file that Overfold wrote; undefined for other files. The whole file must be valid,
 * although only its tensors are needed.
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

/**
 * Loads weights from elsewhere into a model; each layer converts the tensors under its path: plain kernels
 * unfold, the authors' 1x1 kernels become plain. The model must be initialized. Batch counters may be
 * missing, or lists of one number; a wrapper's prefix is removed. Throws one InputError that lists the
 * missing, unexpected and misshapen tensors and what helps, or names the first with NaN or infinity; the
 * model is then unchanged.
 */
export function adoptState(
  model: Module,
  state: ForeignState,
  { replaceClassifier = false, prefix, ignore = [], form = "config" }: AdoptOptions = {},
): Adopted {
  const { path: file, weights } = state;
  const ignored = ignore.map(namePattern);
  const isIgnored = (name: string) => ignored.some((pattern) => pattern.test(name));
  const wanted = new Map([...state.tensors].filter(([name]) => !isIgnored(name)));
  const { tensors, leftOut } = modelTensors(model, { ...state, tensors: wanted }, prefix);
  const present = model.stateDict();
  const names = [...state.tensors.keys(), ...tensors.keys(), ...present.keys()];
  const unused = ignored.findIndex((pattern) => !names.some((name) => pattern.test(name)));
  if (unused >= 0) {
    throw new InputError(
      `the name "${ignore[unused]}" matches no tensor of ${file} and none of the model`,
      { at: ["ignore", unused] },
    );
  }
  const adopted = new Map<string, StateTensor>();
  const layers = model.namedModules();
  for (const [path, own] of tensorsByLayer(tensors)) {
    const layer = layers.get(path);
    const read = layer ? adoptTensors(layer, own) : own;
    read.forEach((tensor, name) => adopted.set(joinPath(path, name), tensor));
  }
  const folded = unfoldBatchNorms(model, present, adopted);
  const replaced = replacedBy(model, file, adopted, replaceClassifier);
  const kept = replaced && `${replaced.layer}.`;
  const isKept = (name: string) => isIgnored(name) || kept !== undefined && name.startsWith(kept);
  for (const name of [...adopted.keys()]) if (isKept(name)) adopted.delete(name);
  if (weights) leaveConstants(present, adopted, { tensors, weights });
  for (const [name, tensor] of present) {
    const isCounter = name.endsWith("num_batches_tracked");
    const given = adopted.get(name);
    if (!given && (isCounter || isKept(name))) adopted.set(name, tensor);
    if (isCounter && given?.data.length === 1) adopted.set(name, { ...given, shape: [] });
  }
  checkRead(state, [...present.keys()].filter((name) => !adopted.has(name)));
  checkBatchNorms(model, adopted, { tensors, path: file });
  checkFinite(file, tensors, adopted);
  const misfit = misfitOf(present, adopted);
  if (misfit) {
    const why = explainMisfit(misfit, present, adopted, classifierOf(model), form);
    const beside = leftOut.length > 0 ? `\nLeft out, not in the model: ${someOf(leftOut)}` : "";
    throw new InputError(`${file}: ${why}${beside}`);
  }
  model.loadStateDict(adopted);
  return {
    leftOut: leftOut.filter((name) => !weights || weights.has(state.tensors.get(name)!)),
    ...(folded.length > 0 ? { folded } : {}),
    ...(replaced ? { replaced } : {}),
  };
}

/** A model's tensors in a file, by their names in the model ({@link tensorsOf}). */
export function modelTensors(
  model: Module,
  { path, tensors, at = "", others = [] }: ForeignState,
  prefix?: string,
): Unwrapped {
  const keys = `${prefix?.replace(/\.$/, "")}.`;
  const leads = prefix !== undefined && at !== "" && keys.startsWith(`${at}.`);
  const rest = leads ? keys.slice(at.length + 1) || undefined : prefix;
  const networks = others.length > 0 ? [at, ...others] : [];
  return tensorsOf(model, withOwnNames(model, tensors), rest, { path, networks });
}

/** Removes constants of the file that are no parameters of the model from `adopted`. */
function leaveConstants(
  present: StateDict,
  adopted: Map<string, StateTensor>,
  { tensors, weights }: Required<Pick<ForeignState, "tensors" | "weights">>,
): void {
  const lacks = (name: string) => adopted.has(name) && !present.has(name);
  const placed = new Set<StateTensor>();
  for (const [layer, own] of tensorsByLayer(tensors)) {
    for (const [name, tensor] of own) if (!lacks(joinPath(layer, name))) placed.add(tensor);
  }
  // A weight may occur under several names, of which its layer uses one.
  for (const [name, tensor] of [...adopted]) {
    if (lacks(name) && (!weights.has(tensor) || placed.has(tensor))) adopted.delete(name);
  }
}

/** Throws InputError if a tensor that the model lacks is in the file in an unsupported form. */
function checkRead({ path, unread }: ForeignState, missing: readonly string[]): void {
  const reasons = [...unread ?? []];
  const why = (name: string) =>
    reasons.find(([given]) => given === name || given.endsWith(`.${name}`))?.[1];
  const [first] = missing.filter(why);
  if (first === undefined) return;
  const alike = missing.filter((name) => why(name) === why(first));
  throw new InputError(`${path}: ${someOf(alike, 3)}: in the file, but ${why(first)}`);
}

/** Throws InputError, naming the tensor of the file, for numbers that are not finite. */
function checkFinite(file: string, tensors: StateDict, adopted: StateDict): void {
  for (const [name, { data }] of adopted) {
    if (describeNotFinite(data) === undefined) continue;
    // The layer's converted tensors may have other names than the file's.
    const [inFile, found] = [...tensors].find(([own, { data }]) =>
      parentPath(own) === parentPath(name) && describeNotFinite(data)
    ) ?? [name, { data }];
    throw new InputError(
      `${file}: ${inFile} contains ${
        describeNotFinite(found.data)
      }; its training diverged: use other weights`,
    );
  }
}

/** The classifier, if it keeps its weights. */
function replacedBy(
  model: Module,
  file: string,
  adopted: StateDict,
  replaceClassifier: NonNullable<AdoptOptions["replaceClassifier"]>,
): Adopted["replaced"] {
  const layer = replaceClassifier === false ? undefined : classifierOf(model);
  if (layer === undefined) {
    if (replaceClassifier !== true) return undefined;
    throw new InputError(
      `${file}: replaceClassifier: the model has no fully connected layer to replace; set it to false`,
    );
  }
  const name = `${layer}.weight`;
  const [classes, inputs] = adopted.get(name)?.shape ?? [];
  const [wanted, expected] = model.namedParameters().get(name)?.shape ?? [];
  const isOther = classes === undefined || classes !== wanted && inputs === expected;
  if (replaceClassifier === "auto" && !isOther) return undefined;
  return { layer, ...(classes === undefined ? {} : { classes }) };
}

/** Throws InputError if an exporter folded the file's batch norms into its convolutions. */
function checkBatchNorms(
  model: Module,
  adopted: StateDict,
  { tensors, path: file }: Pick<ForeignState, "tensors" | "path">,
): void {
  const layers = model.namedModules();
  const found = new Set([...tensors.keys()].map(parentPath));
  const missing = [...model.stateDict().keys()].filter((name) => !adopted.has(name));
  const paths = new Set(missing.map(parentPath));
  // PyTorch's exporter drops the names of kernels that it changed.
  const isUnnamed = [...tensors.keys()].some((name) => /^onnx::Conv_\d+$/.test(name));
  const norms = [...paths].filter((path) => layers.get(path) instanceof BatchNorm2d);
  const isLeftOut = (path: string) => !found.has(path) && (isUnnamed || norms.includes(path));
  if (norms.length === 0 || ![...paths].every(isLeftOut)) return;
  throw new InputError(
    `${file}: the batch norms ${
      someOf(norms, 3)
    } are missing: the exporter folded them into the convolutions, which cannot be undone. ` +
      "Use the checkpoint or the folded network (.safetensors) that was exported, or in PyTorch save " +
      "the weights themselves: " +
      "safetensors.torch.save_file(model.state_dict(), 'model.safetensors')",
  );
}
