/** The logistic function. */
import { onnxOp } from "../graph/onnx_nodes.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Arithmetic, Value } from "../graph/types.ts";
import { activationOps } from "./activation.ts";

/** `exp(-|x|)`, from which sigmoids and their logarithms are computed without overflow. */
export function decay<E>(e: Arithmetic<E>, x: E): E {
  return e.exp(e.minimum(x, e.subtract(e.constant(0), x)));
}

/** `1 / (1 + exp(-x))`, with a small relative error on both sides of 0. */
export function sigmoidOf<E>(e: Arithmetic<E>, x: E): E {
  const one = e.constant(1), small = decay(e, x);
  return e.divide(e.selectGreater(x, e.constant(0), one, small), e.add(one, small));
}

export const [sigmoidOp, sigmoidGradientOp] = activationOps({
  name: "sigmoid",
  stored: {},
  samples: [{}],
  onnx: onnxOp("Sigmoid"),
  expression: sigmoidOf,
  gradientOf: "output",
  gradient: (e, dy, y) => e.multiply(dy, e.multiply(y, e.subtract(e.constant(1), y))),
});

/**
 * `1 / (1 + exp(-input))` by element, f32 of any shape. Matches `torch.sigmoid`. Throws InputError for
 * an input that is not f32.
 */
export function sigmoid(input: Operand): Value {
  return apply(sigmoidOp, [input], {})[0];
}
