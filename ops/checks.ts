/** Checks that the shape rules of several ops share. */
import { InputError } from "../errors.ts";
import { type DType, formatShape, sameShape, type Shape, type TensorType } from "../graph/types.ts";

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
