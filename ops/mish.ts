/** Mish, a smooth activation that is not monotonic. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Arithmetic, Value } from "../graph/types.ts";
import { activationOps } from "./activation.ts";
import { decay } from "./sigmoid.ts";

/**
 * `tanh(ln(1 + exp(x)))` and its slope, of one exponential z = exp(-|x|). With n = exp(x) the gate is
 * (n² + 2n) / (n² + 2n + 2), and 1 - gate² times σ(x) its slope; above 0 both are divided by n².
 */
function gateOf<E>(e: Arithmetic<E>, x: E): { gate: E; slope: E } {
  const zero = e.constant(0), one = e.constant(1), two = e.constant(2);
  const z = decay(e, x);
  const numerator = e.selectGreater(
    x,
    zero,
    e.add(one, e.multiply(two, z)),
    e.multiply(z, e.add(z, two)),
  );
  const rest = e.selectGreater(x, zero, e.multiply(two, e.multiply(z, z)), two);
  const denominator = e.add(numerator, rest);
  const gate = e.divide(numerator, denominator);
  const sigmoid = e.divide(e.selectGreater(x, zero, one, z), e.add(one, z));
  // 1 - gate = rest / denominator
  const remainder = e.multiply(e.divide(rest, denominator), e.add(one, gate));
  return { gate, slope: e.multiply(remainder, sigmoid) };
}

export const [mishOp, mishGradientOp] = activationOps({
  name: "mish",
  stored: {},
  samples: [{}],
  onnx: (graph, [x]) => {
    const softplus = graph.node("Softplus", [x]);
    return graph.node("Mul", [x, graph.node("Tanh", [softplus])]);
  },
  expression: (e, x) => e.multiply(x, gateOf(e, x).gate),
  gradientOf: "input",
  gradient(e, dy, x) {
    const { gate, slope } = gateOf(e, x);
    return e.multiply(dy, e.add(gate, e.multiply(x, slope)));
  },
});

/**
 * `input · tanh(ln(1 + exp(input)))` by element, f32 of any shape (Misra, arXiv:1908.08681). Matches
 * `torch.nn.functional.mish`. Throws InputError for an input that is not f32.
 */
export function mish(input: Operand): Value {
  return apply(mishOp, [input], {})[0];
}
