/** A range of a one-dimensional tensor. */
import { InputError } from "../errors.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Op, Value } from "../graph/types.ts";
import { requireIntegers, requireRank } from "./checks.ts";
import { pack } from "./pack.ts";

interface SliceAttributes {
  /** First element. */
  readonly offset: number;
  /** Number of elements. */
  readonly length: number;
}

/** The op of {@link slice}: a view. */
export const sliceOp: Op<SliceAttributes> = {
  name: "slice",
  inputNames: ["input"],
  infer([input], { offset, length }) {
    requireRank("slice", "input", input.shape, 1, "one axis");
    requireIntegers("slice", "offset and length", [offset, length], 0);
    if (offset + length > input.shape[0]) {
      throw new InputError(
        `slice: elements ${offset} to ${offset + length} were requested from a tensor of ` +
          `${input.shape[0]} elements`,
      );
    }
    return [{ shape: [length], dtype: input.dtype }];
  },
  gradient: ({ inputs: [x], attributes: { offset }, outputGradients: [dy] }) => [
    dy && pack([dy], [offset], x.shape[0]),
  ],
  evaluate: ([{ data }], { offset, length }) => [data.slice(offset, offset + length)],
  viewOffset: ({ offset }) => offset,
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[7]], attributes: { offset: 2, length: 3 } }],
};

/**
 * `length` elements of the one-dimensional `input`, starting at element `offset`. Matches
 * `torch.narrow(x, 0, offset, length)`. Throws InputError where the range leaves the tensor.
 */
export function slice(input: Operand, offset: number, length: number): Value {
  return apply(sliceOp, [input], { offset, length })[0];
}
