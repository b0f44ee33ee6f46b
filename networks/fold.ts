/**
 * Folding: turns a model as it trains into the plain network that ships, and verifies that both
 * compute the same function.
 */
import type { Backend, Executable } from "../backends/backend.ts";
import { referenceBackend } from "../backends/registry.ts";
import { largestDifference } from "../reporting/largest_difference.ts";
import { InputError, RunError } from "../errors.ts";
import { foldForInference, type FoldOptions } from "../ops/fold_for_inference.ts";
import { type Program, sizeOf } from "../graph/types.ts";
import type { Module } from "../layers/module.ts";
import { parentPath } from "../layers/names.ts";
import { inferenceProgram } from "../models/inference.ts";
import { DEFAULT_THRESHOLD, logitOf } from "./activation.ts";
import { requireFiniteLogits, requireFiniteWeights } from "./finite.ts";
import { type FoldedNetwork, type NetworkDescription, networkProgram } from "./network.ts";
import { storeProgram } from "./program.ts";
import type { Tensor } from "../safetensors/safetensors.ts";

/** The largest relative difference that folding may cause: of logits, relative to the largest logit. */
export const FOLD_TOLERANCE = 1e-4;

/** How a folded network compares with the model it came from. */
export interface FoldVerification {
  /** Largest difference of a logit; infinite if one is not finite. */
  readonly maxAbsDifference: number;
  /** `maxDifference` relative to the largest magnitude of the unfolded logits. */
  readonly maxRelativeDifference: number;
  /** Share of images for which both predict the same class, 0 to 1. Absent with `sigmoid`. */
  readonly top1Agreement?: number;
  /** With `sigmoid`: share of class decisions (probability above the threshold) that agree, 0 to 1. */
  readonly decisionAgreement?: number;
  /** Images compared. */
  readonly count: number;
}

/**
 * Folds a model with its current parameters. Every kernel that is an expression over parameters is
 * evaluated in float64, which leaves plain convolutions of the same cost as in a plain model.
 * Buffers that inference does not read (batch counters) are kept with the other tensors of their
 * layer, so that the tensors form a complete state dict. Throws InputError, naming the layer, for a
 * model that does not accept the described input, and if the numbers of class names and classes
 * differ.
 *
 * `describeNetwork` builds the description of a network that was trained on a dataset; the default
 * `activation` is `softmax`.
 *
 * ```ts
 * import { DoConv2d, Flatten, foldModel, GlobalAvgPool2d, Sequential } from "./mod.ts";
 *
 * const model = new Sequential(
 *   new DoConv2d({ inChannels: 3, outChannels: 2, kernelSize: 3 }),
 *   new GlobalAvgPool2d(),
 *   new Flatten(),
 * );
 * model.initialize(0);
 * const network = foldModel(model, {
 *   model: "small",
 *   input: { height: 8, width: 8, channels: 3 },
 *   normalization: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
 *   classNames: ["cat", "dog"],
 * });
 * console.log(network.tensors.get("0.weight")?.shape); // [2, 3, 3, 3]
 * ```
 */
export function foldModel(
  model: Module,
  description: NetworkDescription,
  folding: FoldOptions = {},
): FoldedNetwork {
  const program = foldForInference(inferenceProgram(model, description, 1), folding);
  const { classNames } = description;
  const [, classes] = program.outputs.logits.shape;
  if (classNames.length !== classes) {
    throw new InputError(
      `found ${classNames.length} class names, expected ${classes}, one per logit of the model`,
    );
  }
  const { stored, constants } = storeProgram(program);
  const layers = new Set([...constants.keys()].map(parentPath));
  const tensors = new Map<string, Tensor>(constants);
  for (const [name, parameter] of model.namedParameters()) {
    if (parameter.trainable || tensors.has(name) || !layers.has(parentPath(name))) continue;
    tensors.set(name, { dtype: "F32", shape: parameter.shape, data: parameter.data });
  }
  return { description, program: stored, tensors };
}

/**
 * Compares a model with its folded form, like {@link compareFold}.
 *
 * @throws RunError if the logits differ by more than {@link FOLD_TOLERANCE}, relative; and as {@link compareFold}
 */
export async function verifyFold(
  model: Module,
  network: FoldedNetwork,
  backend: Backend,
  pixels: Uint8Array,
): Promise<FoldVerification> {
  const verification = await compareFold(model, network, backend, pixels);
  if (verification.maxRelativeDifference <= FOLD_TOLERANCE) return verification;
  const image = pixels.subarray(0, pixels.length / verification.count);
  const exact = await compareFold(model, network, referenceBackend(), image);
  const [found, inFloat64] = [verification, exact].map(({ maxRelativeDifference }) =>
    maxRelativeDifference.toExponential(1)
  );
  throw new RunError(
    `the folded network differs from the trained one by ${found} relative, more than ` +
      `${FOLD_TOLERANCE}, on the backend ${backend.name}; nothing was written. On the first image ` +
      `in float64 they differ by ${inFloat64}: ${
        exact.maxRelativeDifference > FOLD_TOLERANCE
          ? "an op's linearMap or a folding rule is wrong"
          : "a kernel of this backend is wrong (try another with --backend), or the checkpoint " +
            "contains extreme weights (evaluate it with: overfold eval CHECKPOINT)"
      }`,
  );
}

/**
 * Runs the model and its folded form on the same images and compares the logits.
 *
 * @param pixels u8 [count, H, W, C] of the network's input size
 * @throws InputError for pixels that are not images of that size, RunError for logits that are not finite
 */
export async function compareFold(
  model: Module,
  network: FoldedNetwork,
  backend: Backend,
  pixels: Uint8Array,
): Promise<FoldVerification> {
  const { height, width, channels } = network.description.input;
  const count = pixels.length / (height * width * channels);
  if (!Number.isInteger(count) || count === 0) {
    throw new InputError(
      `found ${pixels.length} bytes of pixels, expected images of ${height}x${width}x${channels}`,
    );
  }
  const batchSize = Math.min(count, 64);
  const exact = backend.fullPrecision ?? backend;
  const unfoldedProgram = inferenceProgram(model, network.description, batchSize);
  requireFiniteWeights("the network", unfoldedProgram);
  const unfolded = await logitsOf(exact, unfoldedProgram, pixels);
  const size = pixels.length / count;
  await requireFiniteLogits(
    unfolded,
    (batchSize) => inferenceProgram(model, network.description, batchSize),
    exact,
    (row) => ({ name: `image ${row}`, pixels: pixels.subarray(row * size, (row + 1) * size) }),
  );
  const folded = await logitsOf(exact, networkProgram(network, batchSize), pixels);
  const { activation, threshold = DEFAULT_THRESHOLD } = network.description;
  return compareLogits(unfolded, folded, count, {
    ...(activation === "sigmoid" ? { threshold: logitOf(threshold) } : {}),
  });
}

/**
 * Logits of all images, batch by batch; the last batch is padded with black images.
 *
 * @param program input `pixels` u8 [N, H, W, C], output `logits` f32 [N, classes]
 */
export async function logitsOf(
  backend: Backend,
  program: Program,
  pixels: Uint8Array,
): Promise<Float32Array> {
  const [input] = program.nodes.filter(({ op }) => op.name === "input");
  const batchBytes = sizeOf(input.outputs[0].shape);
  const [batchSize, classes] = program.outputs.logits.shape;
  const count = pixels.length * batchSize / batchBytes;
  const logits = new Float32Array(count * classes);
  const executable: Executable = await backend.compile([program]);
  try {
    for (let start = 0; start < count; start += batchSize) {
      const batch = new Uint8Array(batchBytes);
      const from = start / batchSize * batchBytes;
      batch.set(pixels.subarray(from, from + batchBytes));
      const result = await executable.run(program.name, { pixels: batch });
      const real = Math.min(batchSize, count - start) * classes;
      logits.set(result.logits.subarray(0, real), start * classes);
    }
  } finally {
    executable.dispose();
  }
  return logits;
}

/**
 * Compares two networks by their logits (or probabilities) of `count` images; `a` is the reference.
 *
 * @param threshold above which an independently decided class counts as present
 */
export function compareLogits(
  a: Float32Array,
  b: Float32Array,
  count: number,
  { threshold }: { readonly threshold?: number } = {},
): FoldVerification {
  const { absolute, relative } = largestDifference(b, a);
  // A network without finite logits equals nothing.
  const comparable = a.every(Number.isFinite);
  return {
    maxAbsDifference: comparable ? absolute : Infinity,
    maxRelativeDifference: comparable ? relative : Infinity,
    ...(threshold === undefined
      ? { top1Agreement: top1Agreement(a, b, count) }
      : { decisionAgreement: decisionAgreement(a, b, threshold) }),
    count,
  };
}

function top1Agreement(a: Float32Array, b: Float32Array, count: number): number {
  const classes = a.length / count;
  let agreeing = 0;
  for (let n = 0; n < count; n++) {
    const row = [n * classes, (n + 1) * classes] as const;
    if (indexOfLargest(a.subarray(...row)) === indexOfLargest(b.subarray(...row))) agreeing++;
  }
  return agreeing / count;
}

function decisionAgreement(a: Float32Array, b: Float32Array, threshold: number): number {
  return a.filter((value, i) => (value > threshold) === (b[i] > threshold)).length / a.length;
}

function indexOfLargest(values: Float32Array): number {
  return values.reduce((best, value, i) => value > values[best] ? i : best, 0);
}
