/** One step of stochastic gradient descent. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";

/** Attributes of {@link sgdUpdateOp}. */
export interface SgdUpdateAttributes {
  /** Share of the old momentum buffer that stays; read only where there is a buffer. */
  readonly momentum: number;
  readonly nesterov: boolean;
  /** L2 penalty: this times the parameter is added to the gradient. */
  readonly weightDecay: number;
}

/** Operands and options of {@link sgdUpdate}. */
export interface SgdUpdateOptions extends Partial<SgdUpdateAttributes> {
  /** Scalar. */
  readonly learningRate: Operand;
  /** Needed where `momentum` is not 0; zeros before the first step. */
  readonly momentumBuffer?: Operand;
  /** Scalar; 0 in the first step, where PyTorch lets the buffer begin as the gradient. Default 0. */
  readonly dampening?: Operand;
}

/** The op of {@link sgdUpdate}: parameter and, if given, momentum buffer anew. */
export const sgdUpdateOp = elementwiseOp<SgdUpdateAttributes & { readonly outputCount: number }>({
  name: "sgdUpdate",
  inputNames: ["parameter", "gradient", "learningRate", "momentumBuffer", "dampening"],
  outputCount: ({ outputCount }) => outputCount,
  expression(e, [parameter, gradient, learningRate, buffer, dampening], attributes) {
    const { momentum, nesterov, weightDecay } = attributes;
    const decayed = weightDecay === 0
      ? gradient
      : e.add(gradient, e.multiply(e.constant(weightDecay), parameter));
    const move = (direction: typeof gradient) =>
      e.subtract(parameter, e.multiply(learningRate, direction));
    if (buffer === undefined) return [move(decayed)];
    const share = dampening === undefined
      ? decayed
      : e.multiply(e.subtract(e.constant(1), dampening), decayed);
    const newBuffer = e.add(e.multiply(e.constant(momentum), buffer), share);
    const direction = nesterov
      ? e.add(decayed, e.multiply(e.constant(momentum), newBuffer))
      : newBuffer;
    return [move(direction), newBuffer];
  },
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
  const { learningRate, momentumBuffer, dampening } = options;
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  const operands = momentumBuffer
    ? [parameter, gradient, learningRate, momentumBuffer, ...(dampening ? [dampening] : [])]
    : [parameter, gradient, learningRate];
  const outputs = apply(sgdUpdateOp, operands, {
    momentum,
    nesterov,
    weightDecay,
    outputCount: momentumBuffer ? 2 : 1,
  });
  return { parameter: outputs[0], momentumBuffer: outputs[1] };
}
