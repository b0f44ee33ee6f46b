/** One step of RMSprop. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";
import { scalar } from "./fill.ts";

interface RmspropUpdateAttributes {
  /** Decay of the averages. */
  readonly alpha: number;
  /** Added to the denominator. */
  readonly eps: number;
  /** L2 penalty: this times the parameter is added to the gradient. */
  readonly weightDecay: number;
}

interface RmspropUpdateOptions extends Partial<RmspropUpdateAttributes> {
  /** Scalar. */
  readonly learningRate: Operand;
  /** Average of the gradient's square; zeros before the first step. */
  readonly squareAvg: Operand;
  /** Average of the gradient, for the centered form; zeros before the first step. */
  readonly gradAvg?: Operand;
  /** For momentum; zeros before the first step. Default: no momentum. */
  readonly momentumBuffer?: Operand;
  /** Share of the old momentum buffer that is kept; a scalar operand if it changes. Default 0. */
  readonly momentum?: number | Operand;
}

/** Which slots follow `squareAvg` among the op's inputs and outputs. */
interface Slots {
  readonly centered: boolean;
  readonly buffered: boolean;
}

/** The op of {@link rmspropUpdate}: parameter, squareAvg and, if given, gradAvg, momentumBuffer. */
export const rmspropUpdateOp = elementwiseOp<RmspropUpdateAttributes & Slots>({
  name: "rmspropUpdate",
  inputNames: [
    "parameter",
    "gradient",
    "learningRate",
    "squareAvg",
    "gradAvg",
    "momentum",
    "momentumBuffer",
  ],
  inputCount({ centered, buffered }) {
    const count = 4 + Number(centered) + 2 * Number(buffered);
    return [count, count];
  },
  outputCount: ({ centered, buffered }) => 2 + Number(centered) + Number(buffered),
  expression(e, inputs, { alpha, eps, weightDecay, centered, buffered }) {
    const [parameter, gradient, learningRate, squareAvg, ...slots] = inputs;
    const g = weightDecay === 0
      ? gradient
      : e.add(gradient, e.multiply(e.constant(weightDecay), parameter));
    const average = (old: typeof g, value: typeof g) =>
      e.add(e.multiply(e.constant(alpha), old), e.multiply(e.constant(1 - alpha), value));
    const newSquareAvg = average(squareAvg, e.multiply(g, g));
    const results = [newSquareAvg];
    let spread = newSquareAvg;
    if (centered) {
      const newGradAvg = average(slots[0], g);
      results.push(newGradAvg);
      // Rounding may make the variance of a steady gradient negative.
      spread = e.maximum(
        e.subtract(newSquareAvg, e.multiply(newGradAvg, newGradAvg)),
        e.constant(0),
      );
    }
    let direction = e.divide(g, e.add(e.squareRoot(spread), e.constant(eps)));
    if (buffered) {
      const [momentum, buffer] = slots.slice(-2);
      direction = e.add(e.multiply(momentum, buffer), direction);
      results.push(direction);
    }
    return [e.subtract(parameter, e.multiply(learningRate, direction)), ...results];
  },
  samples: [{
    operands: [[5], [5], [], { shape: [5], range: [0.5, 2] }],
    attributes: { alpha: 0.99, eps: 1e-8, weightDecay: 0, centered: false, buffered: false },
  }],
});

/**
 * One step of RMSprop on `parameter` along `gradient`, tensors of one shape: the new parameter and
 * slots. Defaults: alpha 0.99, eps 1e-8, no weight decay, no momentum; the centered form divides by
 * the standard deviation of the gradient instead of its root mean square. Matches
 * `torch.optim.RMSprop`.
 */
export function rmspropUpdate(
  parameter: Operand,
  gradient: Operand,
  options: RmspropUpdateOptions,
): { parameter: Value; squareAvg: Value; gradAvg?: Value; momentumBuffer?: Value } {
  const { learningRate, squareAvg, gradAvg, momentumBuffer } = options;
  const { alpha = 0.99, eps = 1e-8, weightDecay = 0, momentum = 0 } = options;
  const slots = [
    ...(gradAvg ? [gradAvg] : []),
    ...(momentumBuffer ? [scalar(momentum), momentumBuffer] : []),
  ];
  const [newParameter, newSquareAvg, ...rest] = apply(
    rmspropUpdateOp,
    [parameter, gradient, learningRate, squareAvg, ...slots],
    {
      alpha,
      eps,
      weightDecay,
      centered: gradAvg !== undefined,
      buffered: momentumBuffer !== undefined,
    },
  );
  return {
    parameter: newParameter,
    squareAvg: newSquareAvg,
    gradAvg: gradAvg && rest[0],
    momentumBuffer: momentumBuffer && rest[rest.length - 1],
  };
}
