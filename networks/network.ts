/**
 * A folded network: the inference program in plain form with its weights, in one safetensors file.
 *
 * The tensors carry the names of a plain model's state dict (`layer1.0.conv1.weight`), so they load
 * into the same architecture elsewhere; `__metadata__` holds the program, the input's size and
 * normalization and the class names, so the file alone is enough to predict with. This module
 * handles the contents, which a browser can read too; `network_file.ts` reads and writes files.
 */
import { InputError } from "../errors.ts";
import { programInputs } from "../graph/leaves.ts";
import { formatShape, type Program, type TensorType } from "../graph/types.ts";
import { type Activation, isActivation } from "./activation.ts";
import type { TransformChoice } from "../datasets/transforms/registry.ts";
import type { ImageFormat } from "../models/inference.ts";
import { isRecord } from "../schema/record.ts";
import { orDamaged } from "../safetensors/damage.ts";
import { FOLDED_FORMAT, otherFormat } from "../safetensors/formats.ts";
import { isLine } from "../safetensors/line.ts";
import { isStoredProgram, restoreProgram, type StoredProgram } from "./program.ts";
import type { Safetensors, Tensor } from "../safetensors/safetensors.ts";
import { isTemperature } from "./temperature.ts";

/** A network's input and output. */
export interface NetworkDescription extends ImageFormat {
  /** Name of the model, such as `cifar_resnet20_v1`. */
  readonly model: string;
  /** Class names in the order of the logits. */
  readonly classNames: readonly string[];
  /** How logits become probabilities: the objective's activation. Default `softmax`. */
  readonly activation?: Activation;
  /**
   * How an image of any size becomes the input. Default: the largest centred crop of the input's
   * proportions is scaled.
   */
  readonly transforms?: readonly TransformChoice[];
  /** With `softmax`: the divisor applied to the logits before it, from 0.01 to 100. Default 1. */
  readonly temperature?: number;
  /** With `sigmoid`: probability above which a class counts as present. Default 0.5. */
  readonly threshold?: number;
}

/** A network ready for inference; it no longer knows how its kernels were parameterized. */
export interface FoldedNetwork {
  /** Its input and output. */
  readonly description: NetworkDescription;
  /** How it computes; its constants are among `tensors`. */
  readonly program: StoredProgram;
  /** State-dict name to tensor. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** Transforms of an image; whatever applies them validates each one. */
const MAX_TRANSFORMS = 32;

/** Limits of pixels per side and of numbers, above those of any image that a network classifies. */
const MAX_EXTENT = 1 << 15, MAX_NUMBERS = 2 ** 28;

/**
 * The network's program for batches of `batchSize`: input `pixels` u8 [N, H, W, C], output `logits`
 * f32 [N, classes]. Throws InputError, naming `label` (default the model), for a program that is not
 * an inference program, has other inputs or outputs, or lacks a tensor.
 */
export function networkProgram(
  network: FoldedNetwork,
  batchSize: number,
  label = network.description.model,
): Program {
  const { description, program, tensors } = network;
  return orDamaged(label, "the program", () => {
    const restored = restoreProgram("infer", program, tensors, batchSize);
    requireSignature(restored, description, batchSize);
    return restored;
  });
}

/**
 * Throws InputError unless the only input of a program for batches of `batchSize` is the described
 * images and its only output is logits, one per class name.
 */
export function requireSignature(
  program: Program,
  { input: { height, width, channels }, classNames }: NetworkDescription,
  batchSize: number,
): void {
  const spell = (name: string, { dtype, shape }: TensorType) =>
    `${JSON.stringify(name)} (${dtype} ${formatShape(shape)})`;
  const check = (verb: string, found: readonly string[], expected: string) => {
    if (found.length === 1 && found[0] === expected) return;
    const all = found.join(", ") || "nothing";
    throw new InputError(`the network ${verb} ${all}; expected ${expected}`);
  };
  const pixels = { shape: [batchSize, height, width, channels], dtype: "u8" } as const;
  const logits = { shape: [batchSize, classNames.length], dtype: "f32" } as const;
  check(
    "takes",
    programInputs(program).map((input) => spell(input.name, input)),
    spell("pixels", pixels),
  );
  check(
    "gives",
    Object.entries(program.outputs).map(([name, value]) => spell(name, value)),
    spell("logits", logits),
  );
}

/**
 * Parses the contents of a folded network's file; `path` names it in errors. Throws InputError if the
 * file is not a folded network, is damaged, or contains a program that {@link networkProgram} refuses.
 */
export function parseFoldedNetwork(
  path: string,
  { tensors, metadata }: Safetensors,
): FoldedNetwork {
  if (metadata.format !== FOLDED_FORMAT) {
    throw otherFormat(path, metadata.format, "not a folded network");
  }
  const [description, program] = orDamaged(
    path,
    "the metadata",
    () => [JSON.parse(metadata.network), JSON.parse(metadata.program)],
  );
  if (!isDescription(description) || !isStoredProgram(program)) {
    throw new InputError(
      `${path}: the metadata of this folded network is damaged; use another file`,
    );
  }
  const network = { description, program, tensors };
  networkProgram(network, 1, path);
  return network;
}

/** Whether parsed JSON describes a network for images of a plausible size. */
export function isDescription(value: unknown): value is NetworkDescription {
  if (!isRecord(value) || !isRecord(value.input) || !isRecord(value.normalization)) return false;
  const { model, input: { height, width, channels }, normalization: { mean, std } } = value;
  const { classNames, activation, temperature, threshold, transforms } = value;
  const isExtent = (extent: unknown) =>
    Number.isInteger(extent) && Number(extent) > 0 && Number(extent) <= MAX_EXTENT;
  const isPerChannel = (numbers: unknown) =>
    Array.isArray(numbers) && numbers.length === channels && numbers.every(Number.isFinite);
  return isLine(model) && [height, width, channels].every(isExtent) &&
    Number(height) * Number(width) * Number(channels) <= MAX_NUMBERS &&
    isPerChannel(mean) && isPerChannel(std) &&
    (activation === undefined || isActivation(activation)) &&
    (temperature === undefined || activation !== "sigmoid" && isTemperature(temperature)) &&
    (threshold === undefined || isThreshold(threshold)) &&
    (transforms === undefined ||
      Array.isArray(transforms) && transforms.length <= MAX_TRANSFORMS) &&
    Array.isArray(classNames) && classNames.every((name) => typeof name === "string");
}

function isThreshold(value: unknown): boolean {
  return typeof value === "number" && value > 0 && value < 1;
}
