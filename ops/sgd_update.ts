/** One step of stochastic gradient descent. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";
import { scalar } from "./fill.ts";

interface SgdUpdateAttributes {
  readonly nesterov: boolean;
  /** L2 penalty: this times the parameter is added to the gradient. */
  readonly weightDecay: number;
}

interface SgdUpdateOptions extends Partial<SgdUpdateAttributes> {
  /** Scalar. */
  readonly learningRate: Operand;
  /** For momentum; zeros before the first step. Default: no momentum. */
  readonly momentumBuffer?: Operand;
  /** Share of the old momentum buffer that is kept; a scalar operand if it changes. Default 0. */
  readonly momentum?: number | Operand;
  /**
   * Must be 0 in the first step, where PyTorch initializes the buffer with the gradient. Default 0.
   */
  readonly dampening?: number | Operand;
}

/** The op of {@link sgdUpdate}: the new parameter and, if given, the new momentum buffer. */
export const sgdUpdateOp = elementwiseOp<SgdUpdateAttributes & { readonly outputCount: number }>({
  name: "sgdUpdate",
  inputNames: ["parameter", "gradient", "learningRate", "momentumBuffer", "momentum", "dampening"],
  inputCount: ({ outputCount }) => outputCount === 1 ? [3, 3] : [6, 6],
  outputCount: ({ outputCount }) => outputCount,
  expression(e, inputs, { nesterov, weightDecay }) {
    const [parameter, gradient, learningRate, buffer, momentum, dampening] = inputs;
    const decayed = weightDecay === 0
      ? gradient
      : e.add(gradient, e.multiply(e.constant(weightDecay), parameter));
    const move = (direction: typeof gradient) =>
      e.subtract(parameter, e.multiply(learningRate, direction));
    if (buffer === undefined) return [move(decayed)];
    const share = e.multiply(e.subtract(e.constant(1), dampening), decayed);
    const newBuffer = e.add(e.multiply(momentum, buffer), share);
    const direction = nesterov ? e.add(decayed, e.multiply(momentum, newBuffer)) : newBuffer;
    return [move(direction), newBuffer];
  },
  samples: [{
    operands: [[5], [5], [], [5], [], []],
    attributes: { nesterov: false, weightDecay: 0, outputCount: 2 },
  }],
});

/**
 * One step of SGD on `parameter` along `gradient`, tensors of one shape: the new parameter and, if
 * there is one, the new momentum buffer. With `g = gradient + weightDecay · parameter` and
 * `buffer = momentum · buffer + (1 - dampening) · g`, the parameter moves by `-learningRate` times
 * `buffer` (`g + momentum · buffer` with Nesterov's momentum, `g` without a buffer). Defaults: no
 * momentum, no decay. Matches `torch.optim.SGD`.
 */
export function sgdUpdate(
  parameter: Operand,
  gradient: Operand,
  options: SgdUpdateOptions,
): { parameter: Value; momentumBuffer?: Value } {
  const { learningRate, momentumBuffer, momentum = 0, dampening = 0 } = options;
  const { nesterov = false, weightDecay = 0 } = options;
  const slots = momentumBuffer ? [momentumBuffer, scalar(momentum), scalar(dampening)] : [];
  const outputs = apply(sgdUpdateOp, [parameter, gradient, learningRate, ...slots], {
    nesterov,
    weightDecay,
    outputCount: momentumBuffer ? 2 : 1,
  });
  return { parameter: outputs[0], momentumBuffer: outputs[1] };
}
