/** One op on random data, as `overfold kernel` is told of it. */

import type { TensorData } from "../backends/backend.ts";
import { nearestName, suggestion } from "../schema/nearest.ts";
import { InputError, UserError } from "../errors.ts";
import { isLeaf } from "../graph/leaves.ts";
import { RandomStream, STREAM } from "../graph/random.ts";
import { apply, input, output, trace } from "../graph/trace.ts";
import {
  type DType,
  formatShape,
  type Op,
  type Program,
  sizeOf,
  type TensorType,
} from "../graph/types.ts";
import { OPS } from "../ops/registry.ts";

/** A program of one op, and what to run it on. */
export interface KernelCase {
  readonly op: Op;
  readonly program: Program;
  readonly inputs: Readonly<Record<string, TensorData>>;
}

/** Attributes that an op takes where none are given. */
const CONVOLUTION = {
  stride: [1, 1],
  padding: [0, 0],
  dilation: [1, 1],
  groups: 1,
  paddingMode: "zeros",
};
const POOLING = { padding: [0, 0], dilation: [1, 1], ceilMode: false };
const COMPOSITION = { groups: 1, pairing: "paper" };
const DEFAULTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  conv2d: CONVOLUTION,
  conv2dInputGradient: CONVOLUTION,
  conv2dWeightGradient: CONVOLUTION,
  maxPool2d: POOLING,
  maxPool2dGradient: POOLING,
  avgPool2d: { ...POOLING, countIncludePad: true },
  avgPool2dGradient: { ...POOLING, countIncludePad: true },
  composeKernel: COMPOSITION,
  composeKernelWGradient: COMPOSITION,
  composeKernelDGradient: COMPOSITION,
  channelNormalize: { eps: 1e-5 },
  channelNormalizeReduce: { eps: 1e-5 },
  channelNormalizeInputGradient: { eps: 1e-5 },
  matmul: { transposeA: false, transposeB: false },
  softmaxCrossEntropy: { labelSmoothing: 0, reduction: "mean" },
  softmaxCrossEntropyGradient: { labelSmoothing: 0, reduction: "mean" },
  countCorrect: { k: 1 },
  binaryOutcomes: { threshold: 0 },
  dropoutMask: { p: 0.5, stream: 0 },
  augment: { padding: 0, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  sgdUpdate: { nesterov: false, weightDecay: 0 },
  adamUpdate: {
    beta2: 0.999,
    eps: 1e-8,
    weightDecay: 0,
    decoupledWeightDecay: false,
    outputCount: 3,
  },
  rmspropUpdate: { alpha: 0.99, eps: 1e-8, weightDecay: 0, centered: false, buffered: false },
};
/** Most bytes of inputs that are made up. */
const MOST_BYTES = 2 ** 31;
/** Operands that are never negative: variances, and means of squares. */
const POSITIVE = /variance$|sq|biasCorrection/i;

/** The names of all ops that compute something. */
export function opNames(): string[] {
  return [...OPS.values()].filter((op) => !isLeaf(op)).map(({ name }) => name);
}

/**
 * The case of an op by its name.
 *
 * @param shapes one text for each input, see {@link parseShape}
 * @param attributes texts of the form `KEY=VALUE`, the value in JSON
 * @throws InputError for a name, shape or attribute that does not fit
 */
export function kernelCase(
  name: string,
  shapes: readonly string[],
  attributes: readonly string[],
): KernelCase {
  const op = OPS.get(name);
  if (!op || isLeaf(op)) {
    throw new InputError(`there is no op "${name}"${suggestion(name, opNames(), "ops")}`);
  }
  const types = shapes.map(parseShape);
  const bytes = types.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  if (bytes > MOST_BYTES) {
    throw new InputError(
      `--shape: found ${(bytes / 2 ** 30).toFixed(1)} GiB of inputs, expected at most ` +
        `${MOST_BYTES / 2 ** 30}`,
    );
  }
  const random = new RandomStream({ seed: 0, stream: STREAM.synthetic });
  const inputName = (i: number) => op.inputNames[i] ?? `${op.inputNames.at(-1)}${i}`;
  return {
    op,
    program: traceOp(op, types, inputName, {
      ...DEFAULTS[name],
      ...parseAttributes(attributes, Object.keys(DEFAULTS[name] ?? {})),
    }),
    inputs: Object.fromEntries(
      types.map((type, i) => [inputName(i), randomData(type, inputName(i), random)]),
    ),
  };
}

/**
 * Reads `8x16x32x32`, or `scalar`; after a colon may follow the element type: `128:i32`,
 * `8x32x32x3:u8`. Throws InputError for anything else.
 */
export function parseShape(text: string): TensorType {
  const [extents, dtype = "f32", ...rest] = text.split(":");
  const shape = extents === "scalar" ? [] : extents.split("x").map(Number);
  const isShape = shape.every((extent) => Number.isSafeInteger(extent) && extent > 0);
  if (!isShape || !["f32", "i32", "u8"].includes(dtype) || rest.length > 0) {
    throw new InputError(
      `--shape: found "${text}", expected extents such as 8x16x32x32 or scalar, followed by :i32 ` +
        "or :u8 if the elements are not f32",
    );
  }
  return { shape, dtype: dtype as DType };
}

/** @param known names of attributes that have defaults; there may be more */
function parseAttributes(
  texts: readonly string[],
  known: readonly string[],
): Record<string, unknown> {
  return Object.fromEntries(texts.map((text) => {
    const [, key, value] = text.match(/^(\w+)=(.*)$/s) ?? [];
    const meant = key === undefined || known.includes(key) ? undefined : nearestName(key, known);
    if (meant !== undefined) {
      throw new InputError(`--attribute: found "${key}"; did you mean "${meant}"?`);
    }
    try {
      return [key, JSON.parse(value)];
    } catch {
      throw new InputError(
        `--attribute: found "${text}", expected KEY=VALUE with a value in JSON, such as ` +
          `stride=[2,2] or paddingMode="reflect"`,
      );
    }
  }));
}

function traceOp(
  op: Op,
  types: readonly TensorType[],
  inputName: (i: number) => string,
  attributes: Record<string, unknown>,
): Program {
  try {
    return trace({ name: op.name }, () => {
      const operands = types.map(({ shape, dtype }, i) => input(inputName(i), shape, dtype));
      const outputs = apply(op, operands, attributes);
      // Throws where a shape is missing or not one of numbers.
      outputs.forEach(({ shape }) => formatShape(shape));
      if (outputs.length === 0) throw new Error("there are no outputs");
      outputs.forEach((value, i) => output(`output${i}`, value));
    });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw unfit(op, types, attributes);
  }
}

/** What is said of attributes that fail an op's shape rule, which trusts callers to give them all. */
function unfit(op: Op, types: readonly TensorType[], attributes: unknown): InputError {
  const shapes = types.map(({ shape }) => formatShape(shape)).join(", ") || "none";
  return new InputError(
    `${op.name} takes ${op.inputNames.join(", ") || "no input"}; found the shapes ${shapes} and ` +
      `the attributes ${JSON.stringify(attributes)}, which do not fit`,
  );
}

/** Floats in [-1, 1), or (0, 1] where negative ones make no sense; bytes; integers 0 and 1. */
function randomData({ shape, dtype }: TensorType, name: string, random: RandomStream): TensorData {
  const length = sizeOf(shape);
  if (dtype === "u8") return Uint8Array.from({ length }, () => random.integer(256));
  if (dtype === "i32") return Int32Array.from({ length }, () => random.integer(2));
  const positive = POSITIVE.test(name);
  return Float32Array.from({ length }, () => {
    const number = random.uniform();
    return positive ? 1 - number : 2 * number - 1;
  });
}
