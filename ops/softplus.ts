/** A smooth rectified linear unit. */
import { finite, positive } from "../graph/attribute_rules.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Arithmetic, Value } from "../graph/types.ts";
import { activationOps } from "./activation.ts";
import { decay, sigmoidOf } from "./sigmoid.ts";

/** Options of {@link softplus}. */
export interface SoftplusOptions {
  /** How sharply the function bends, above 0. Default 1. */
  readonly beta?: number;
  /** Where `beta · input` is above this, the input is returned. Default 20. */
  readonly threshold?: number;
}

type Attributes = Required<SoftplusOptions>;

/** `smooth` up to the threshold, `straight` above. */
function bent<E>(
  e: Arithmetic<E>,
  x: E,
  { beta, threshold }: Attributes,
  smooth: (steep: E) => E,
  straight: E,
): E {
  const steep = e.multiply(x, e.constant(beta));
  return e.selectGreater(steep, e.constant(threshold), straight, smooth(steep));
}

export const [softplusOp, softplusGradientOp] = activationOps<Attributes>({
  name: "softplus",
  stored: { beta: positive, threshold: finite() },
  samples: [{ beta: 1, threshold: 20 }, { beta: 2, threshold: 1 }],
  expression: (e, x, attributes) =>
    bent(e, x, attributes, (steep) => {
      // ln(1 + exp(z)) = max(z, 0) + ln(1 + exp(-|z|))
      const sum = e.add(e.maximum(steep, e.constant(0)), e.log1p(decay(e, steep)));
      return e.multiply(sum, e.constant(1 / attributes.beta));
    }, x),
  gradientOf: "input",
  gradient: (e, dy, x, attributes) =>
    bent(e, x, attributes, (steep) => e.multiply(dy, sigmoidOf(e, steep)), dy),
});

/**
 * `ln(1 + exp(beta · input)) / beta` by element, f32 of any shape. Matches
 * `torch.nn.functional.softplus`. Throws InputError for an input that is not f32 and for a `beta` that
 * is not above 0.
 */
export function softplus(
  input: Operand,
  { beta = 1, threshold = 20 }: SoftplusOptions = {},
): Value {
  return apply(softplusOp, [input], { beta, threshold })[0];
}
