/** A value at which gradients stop. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";

export const detachOp = elementwiseOp({
  name: "detach",
  inputNames: ["input"],
  expression: (_e, [x]) => [x],
  gradient: () => [undefined],
  samples: [{ operands: [{ shape: [2, 3], range: [-1, 1], constant: true }], attributes: {} }],
});

/**
 * `input` itself, f32 of any shape, as if it depended on nothing. Matches `torch.Tensor.detach`. Throws
 * InputError for an input that is not f32.
 */
export function detach(input: Operand): Value {
  return apply(detachOp, [input], {})[0];
}
