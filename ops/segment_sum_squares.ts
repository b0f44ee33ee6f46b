/** Sums of the squares of segments of a tensor: the square of each one's 2-norm. */
import { InputError } from "../errors.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Op, Value } from "../graph/types.ts";
import { requireFloats, requireIntegers, requireRank } from "./checks.ts";

interface Segment {
  /** First element. */
  readonly offset: number;
  /** Number of elements. */
  readonly size: number;
}

export interface SegmentSumSquaresAttributes {
  readonly segments: readonly Segment[];
}

export const segmentSumSquaresOp: Op<SegmentSumSquaresAttributes> = {
  name: "segmentSumSquares",
  inputNames: ["input"],
  infer([input], { segments }) {
    requireFloats("segmentSumSquares", ["input"], [input]);
    requireRank("segmentSumSquares", "input", input.shape, 1, "one axis");
    for (const { offset, size } of segments) {
      requireIntegers("segmentSumSquares", "offset and size", [offset, size], 0);
      if (offset + size <= input.shape[0]) continue;
      throw new InputError(
        `segmentSumSquares: elements ${offset} to ${
          offset + size
        } were requested from a tensor of ` +
          `${input.shape[0]} elements`,
      );
    }
    return [{ shape: [segments.length], dtype: "f32" }];
  },
  evaluate: ([{ data }], { segments }) => [
    Float64Array.from(segments, ({ offset, size }) => {
      let total = 0;
      for (let i = offset; i < offset + size; i++) total += data[i] * data[i];
      return total;
    }),
  ],
  multiplyAccumulates: () => 0,
  samples: [{
    operands: [[7]],
    attributes: { segments: [{ offset: 1, size: 2 }, { offset: 3, size: 4 }] },
  }],
};

/**
 * The sum of the squares of each segment of `input` [N]: a tensor [segments]. Has no gradient rule.
 * Matches `torch.linalg.vector_norm(input[offset : offset + size]) ** 2` of each. Throws InputError
 * for a segment that leaves the tensor.
 */
export function segmentSumSquares(input: Operand, segments: readonly Segment[]): Value {
  return apply(segmentSumSquaresOp, [input], {
    segments: segments.map(({ offset, size }) => ({ offset, size })),
  })[0];
}
