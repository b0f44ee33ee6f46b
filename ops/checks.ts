/** Checks that the shape rules of several ops share. */
import { InputError } from "../errors.ts";
import { MAX_SIDE } from "../graph/attribute_rules.ts";
import {
  type DType,
  formatShape,
  sameShape,
  type Shape,
  sizeOf,
  type TensorType,
} from "../graph/types.ts";

/** Throws InputError unless a tensor has element type `dtype`; `operand` is its name in messages. */
export function requireDType(op: string, operand: string, type: TensorType, dtype: DType): void {
  if (type.dtype !== dtype) {
    throw new InputError(`${op}: ${operand} holds ${type.dtype}; expected ${dtype}`);
  }
}

/** Throws InputError unless every tensor holds f32; `names` are the operands' names in order. */
export function requireFloats(
  op: string,
  names: readonly string[],
  types: readonly TensorType[],
): void {
  types.forEach((type, i) => requireDType(op, names[i] ?? `operand ${i + 1}`, type, "f32"));
}

/** Throws InputError unless a tensor has `rank` axes; `layout` describes them, as in `[N, C]`. */
export function requireRank(
  op: string,
  operand: string,
  shape: Shape,
  rank: number,
  layout: string,
): void {
  if (shape.length !== rank) {
    throw new InputError(`${op}: ${operand} has shape ${formatShape(shape)}; expected ${layout}`);
  }
}

/** Throws InputError unless a tensor has exactly the shape `expected`. */
export function requireShape(op: string, operand: string, shape: Shape, expected: Shape): void {
  if (!sameShape(shape, expected)) {
    throw new InputError(
      `${op}: ${operand} has shape ${formatShape(shape)}; expected ${formatShape(expected)}`,
    );
  }
}

/** More elements than one image with its padding has; byte offsets still fit 32 bits easily. */
const MAX_IMAGE = 2 ** 28;

/** Height and width of an image or an option. */
type Sides = readonly [number, number];

/** Options of windows on an image, one number per axis. */
interface WindowOptions {
  readonly kernelSize: Sides;
  readonly stride: Sides;
  readonly padding: Sides;
  readonly dilation: Sides;
}

/**
 * Throws InputError for an image so large, or with options that reach so far, that no kernel can be
 * planned for it.
 */
export function requirePlannable(
  op: string,
  channels: number,
  size: Sides,
  { kernelSize, stride, padding, dilation }: WindowOptions,
): void {
  const reach = size.map((extent, axis) =>
    Math.max(extent + 2 * padding[axis], stride[axis], dilation[axis] * kernelSize[axis])
  );
  if (reach.every((extent) => extent <= MAX_SIDE) && channels * sizeOf(reach) <= MAX_IMAGE) return;
  throw new InputError(
    `${op}: an image of ${
      size.join("x")
    } with ${channels} channels is too large, or its padding, ` +
      `stride or dilation is: they reach over ${reach.join("x")} pixels`,
  );
}

/** Throws InputError unless every number of an option is a whole number of at least `minimum`. */
export function requireIntegers(
  op: string,
  option: string,
  values: readonly number[],
  minimum: number,
): void {
  if (!values.every((value) => Number.isInteger(value) && value >= minimum)) {
    throw new InputError(
      `${op}: ${option} is ${values.join("x")}; expected whole numbers of at least ${minimum}`,
    );
  }
}
