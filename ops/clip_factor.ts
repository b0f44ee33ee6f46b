/** The factor that bounds the norm of gradients. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";

interface ClipFactorAttributes {
  /** Largest norm that is not clipped. */
  readonly maxNorm: number;
}

export const clipFactorOp = elementwiseOp<ClipFactorAttributes>({
  name: "clipFactor",
  inputNames: ["sumSquares"],
  expression: (e, [sumSquares], { maxNorm }) => [
    e.minimum(
      e.constant(1),
      e.divide(e.constant(maxNorm), e.add(e.squareRoot(sumSquares), e.constant(1e-6))),
    ),
  ],
  samples: [{ operands: [{ shape: [], range: [0.5, 2] }], attributes: { maxNorm: 1 } }],
});

/**
 * `min(1, maxNorm / (√sumSquares + 1e-6))`: multiplied by it, gradients whose squares sum to
 * `sumSquares` have a norm of at most `maxNorm`. Both scalars. Has no gradient rule. Matches
 * `torch.nn.utils.clip_grad_norm_`.
 */
export function clipFactor(sumSquares: Operand, attributes: ClipFactorAttributes): Value {
  return apply(clipFactorOp, [sumSquares], attributes)[0];
}
