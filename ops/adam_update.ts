/** One step of Adam or AdamW. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { elementwiseOp } from "./elementwise.ts";
import { scalar } from "./fill.ts";

interface AdamUpdateAttributes {
  /** Decay of the average of the gradient's square. */
  readonly beta2: number;
  /** Added to the denominator. */
  readonly eps: number;
  readonly weightDecay: number;
  /** Whether decay shrinks the parameter itself (AdamW) instead of joining the gradient (Adam). */
  readonly decoupledWeightDecay: boolean;
}

interface AdamUpdateOptions extends Partial<Omit<AdamUpdateAttributes, "beta2">> {
  /**
   * Decay of the averages of the gradient, a scalar operand if it changes, and of its square.
   * Default 0.9 and 0.999.
   */
  readonly betas?: readonly [number | Operand, number];
  /** Average of the gradient; zeros before the first step. */
  readonly expAvg: Operand;
  /** Average of the gradient's square; zeros before the first step. */
  readonly expAvgSq: Operand;
  /** Largest `expAvgSq` so far, for AMSGrad; zeros before the first step. Default: not used. */
  readonly maxExpAvgSq?: Operand;
  /** Scalar. */
  readonly learningRate: Operand;
  /** Scalar: `1 - betas[0] ^ t` in step t = 1, 2, …. */
  readonly biasCorrection1: Operand;
  /** Scalar: `1 - betas[1] ^ t` in step t = 1, 2, …. */
  readonly biasCorrection2: Operand;
}

/** A rate or an average of squares. */
const SCALAR = { shape: [], range: [0.5, 2] } as const;

/** The op of {@link adamUpdate}: the new parameter, expAvg, expAvgSq and, if given, maxExpAvgSq. */
export const adamUpdateOp = elementwiseOp<AdamUpdateAttributes & { readonly outputCount: number }>({
  name: "adamUpdate",
  inputNames: [
    "parameter",
    "gradient",
    "learningRate",
    "biasCorrection1",
    "biasCorrection2",
    "beta1",
    "expAvg",
    "expAvgSq",
    "maxExpAvgSq",
  ],
  inputCount: ({ outputCount }) => [outputCount + 5, outputCount + 5],
  outputCount: ({ outputCount }) => outputCount,
  expression(e, inputs, { beta2, eps, weightDecay, decoupledWeightDecay }) {
    const [parameter, gradient, learningRate, correction1, correction2, beta1, m, v, most] = inputs;
    const decay = e.constant(weightDecay);
    const g = weightDecay === 0 || decoupledWeightDecay
      ? gradient
      : e.add(gradient, e.multiply(decay, parameter));
    const decayed = weightDecay === 0 || !decoupledWeightDecay ? parameter : e.multiply(
      parameter,
      e.subtract(e.constant(1), e.multiply(learningRate, decay)),
    );
    const newM = e.add(e.multiply(beta1, m), e.multiply(e.subtract(e.constant(1), beta1), g));
    const newV = e.add(
      e.multiply(e.constant(beta2), v),
      e.multiply(e.constant(1 - beta2), e.multiply(g, g)),
    );
    const newMost = most === undefined ? undefined : e.maximum(most, newV);
    const denominator = e.add(
      e.divide(e.squareRoot(newMost ?? newV), e.squareRoot(correction2)),
      e.constant(eps),
    );
    const stepSize = e.divide(learningRate, correction1);
    const moved = e.subtract(decayed, e.multiply(stepSize, e.divide(newM, denominator)));
    return newMost === undefined ? [moved, newM, newV] : [moved, newM, newV, newMost];
  },
  samples: [{
    operands: [[5], [5], SCALAR, SCALAR, SCALAR, SCALAR, [5], { ...SCALAR, shape: [5] }],
    attributes: {
      beta2: 0.999,
      eps: 1e-8,
      weightDecay: 0,
      decoupledWeightDecay: false,
      outputCount: 3,
    },
  }],
});

/**
 * One step of Adam on `parameter` along `gradient`, tensors of one shape: the new parameter and
 * slots. Defaults: betas 0.9 and 0.999, eps 1e-8, no weight decay, decay joined to the gradient.
 * Matches `torch.optim.Adam`; with `decoupledWeightDecay` `torch.optim.AdamW`; with `maxExpAvgSq`
 * their `amsgrad`.
 */
export function adamUpdate(
  parameter: Operand,
  gradient: Operand,
  options: AdamUpdateOptions,
): { parameter: Value; expAvg: Value; expAvgSq: Value; maxExpAvgSq?: Value } {
  const { expAvg, expAvgSq, maxExpAvgSq } = options;
  const { betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, decoupledWeightDecay = false } =
    options;
  const slots = maxExpAvgSq ? [expAvg, expAvgSq, maxExpAvgSq] : [expAvg, expAvgSq];
  const outputs = apply(adamUpdateOp, [
    parameter,
    gradient,
    options.learningRate,
    options.biasCorrection1,
    options.biasCorrection2,
    scalar(betas[0]),
    ...slots,
  ], { beta2: betas[1], eps, weightDecay, decoupledWeightDecay, outputCount: 1 + slots.length });
  return {
    parameter: outputs[0],
    expAvg: outputs[1],
    expAvgSq: outputs[2],
    maxExpAvgSq: outputs[3],
  };
}
