/** Tensors laid out in one long tensor. */
import { InputError } from "../errors.ts";
import { apply, type Operand } from "../graph/trace.ts";
import { type Op, sizeOf, type Value } from "../graph/types.ts";
import { requireFloats, requireIntegers } from "./checks.ts";
import { reshape } from "./reshape.ts";
import { slice } from "./slice.ts";

export interface PackAttributes {
  /** Where each value begins, in elements, ascending. */
  readonly offsets: readonly number[];
  /** Number of elements of the result. */
  readonly size: number;
}

export const packOp: Op<PackAttributes> = {
  name: "pack",
  inputNames: ["values"],
  inputCount: () => [0, Infinity],
  infer(inputs, { offsets, size }) {
    requireFloats("pack", [], inputs);
    requireIntegers("pack", "offsets", offsets, 0);
    if (offsets.length !== inputs.length) {
      throw new InputError(`pack: ${inputs.length} values have ${offsets.length} offsets`);
    }
    let end = 0;
    inputs.forEach(({ shape }, i) => {
      if (offsets[i] < end) {
        throw new InputError(
          `pack: value ${i} begins at ${offsets[i]}, before the end of the previous one at ${end}`,
        );
      }
      end = offsets[i] + sizeOf(shape);
    });
    if (end > size) {
      throw new InputError(`pack: the values end at ${end}, past the size of ${size}`);
    }
    return [{ shape: [size], dtype: "f32" }];
  },
  gradient: ({ inputs, attributes: { offsets }, outputGradients: [dy], needed }) =>
    inputs.map(({ shape }, i) =>
      dy && needed[i] ? reshape(slice(dy, offsets[i], sizeOf(shape)), shape) : undefined
    ),
  evaluate(inputs, { offsets, size }) {
    const packed = new Float64Array(size);
    inputs.forEach(({ data }, i) => packed.set(data, offsets[i]));
    return [packed];
  },
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 2], [3]], attributes: { offsets: [1, 6], size: 10 } }],
};

/**
 * A tensor [size] that contains the elements of each value, row-major, starting at its offset; gaps
 * are zero. Offsets ascend and the values do not overlap. The inverse of `slice`. Throws InputError
 * if values overlap or leave the tensor.
 */
export function pack(values: readonly Operand[], offsets: readonly number[], size: number): Value {
  return apply(packOp, values, { offsets, size })[0];
}
