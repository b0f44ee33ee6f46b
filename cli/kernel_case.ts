/** One op on random data, as given to `overfold kernel`. */

import type { TensorData } from "../backends/backend.ts";
import { nearestName, suggestion } from "../schema/nearest.ts";
import { InputError, UserError } from "../errors.ts";
import { isLeaf } from "../graph/leaves.ts";
import { RandomStream, STREAM } from "../graph/random.ts";
import { apply, input, output, trace } from "../graph/trace.ts";
import {
  type Attributes,
  type DType,
  formatShape,
  type Op,
  type Program,
  type SampleOperand,
  sizeOf,
  type TensorType,
} from "../graph/types.ts";
import { OPS } from "../ops/registry.ts";
import { drawElements, sampleOperand } from "../ops/samples.ts";

/** A program of one op, and its input data. */
export interface KernelCase {
  readonly op: Op;
  readonly program: Program;
  readonly inputs: Readonly<Record<string, TensorData>>;
}

const ARRAYS = { f32: Float32Array, i32: Int32Array, u8: Uint8Array };
/** Most bytes of generated inputs. */
const MAX_BYTES = 2 ** 31;

/** The names of all ops that compute something. */
export function opNames(): string[] {
  return [...OPS.values()].filter((op) => !isLeaf(op)).map(({ name }) => name);
}

/**
 * The case of an op by its name.
 *
 * @param shapes one text per input, see {@link parseShape}; by default those of the op's sample
 * @param attributes texts of the form `KEY=VALUE`, the value in JSON, instead of the sample's
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
  const [sample] = op.samples;
  const operands = shapes.length === 0
    ? sample.operands.map(sampleOperand)
    : shapes.map((text, i) => operandOf(op, i, parseShape(text)));
  const bytes = operands.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  if (bytes > MAX_BYTES) {
    throw new InputError(
      `--shape: found ${(bytes / 2 ** 30).toFixed(1)} GiB of inputs, expected at most ` +
        `${MAX_BYTES / 2 ** 30}`,
    );
  }
  const given = parseAttributes(attributes, Object.keys(sample.attributes));
  return caseOf(op, operands, { ...sample.attributes, ...given });
}

/** The case of an op on random operands, always the same ones. */
export function caseOf(
  op: Op,
  operands: readonly Required<SampleOperand>[],
  attributes: Attributes,
): KernelCase {
  const random = new RandomStream({ seed: 0, stream: STREAM.synthetic });
  const inputName = (i: number) => op.inputNames[i] ?? `${op.inputNames.at(-1)}${i}`;
  return {
    op,
    program: traceOp(op, operands, inputName, attributes),
    inputs: Object.fromEntries(operands.map((operand, i) => {
      const data = new ARRAYS[operand.dtype](sizeOf(operand.shape));
      return [inputName(i), drawElements(data, operand, random)];
    })),
  };
}

/** An operand of this type, with the distribution that the op's samples give it, if any. */
function operandOf(op: Op, place: number, type: TensorType): Required<SampleOperand> {
  const like = op.samples.flatMap(({ operands }) => operands.slice(place, place + 1))
    .map(sampleOperand).find(({ dtype }) => dtype === type.dtype);
  return sampleOperand({ ...like, ...type });
}

/**
 * Reads `8x16x32x32`, or `scalar`; the element type may follow after a colon: `128:i32`,
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
      // Throws if a shape is missing or not an array of numbers.
      outputs.forEach(({ shape }) => formatShape(shape));
      if (outputs.length === 0) throw new Error("there are no outputs");
      outputs.forEach((value, i) => output(`output${i}`, value));
    });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw unfit(op, types, attributes);
  }
}

/** The message for attributes that fail an op's shape rule, which expects to receive all of them. */
function unfit(op: Op, types: readonly TensorType[], attributes: unknown): InputError {
  const shapes = types.map(({ shape }) => formatShape(shape)).join(", ") || "none";
  return new InputError(
    `${op.name} takes ${op.inputNames.join(", ") || "no input"}; found the shapes ${shapes} and ` +
      `the attributes ${JSON.stringify(attributes)}, which do not fit`,
  );
}
