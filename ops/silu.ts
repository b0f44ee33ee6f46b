/** Sigmoid linear unit. */
import { apply, type Operand } from "../graph/trace.ts";
import type { Value } from "../graph/types.ts";
import { activationOps } from "./activation.ts";
import { sigmoidOf } from "./sigmoid.ts";

/** The ops of {@link silu}; the gradient is `dy · σ · (1 + x · (1 - σ))`. */
export const [siluOp, siluGradientOp] = activationOps({
  name: "silu",
  stored: {},
  samples: [{}],
  onnx: (graph, [x]) => graph.node("Mul", [x, graph.node("Sigmoid", [x])]),
  expression: (e, x) => e.multiply(x, sigmoidOf(e, x)),
  gradientOf: "input",
  gradient(e, dy, x) {
    const one = e.constant(1), gate = sigmoidOf(e, x);
    const slope = e.multiply(gate, e.add(one, e.multiply(x, e.subtract(one, gate))));
    return e.multiply(dy, slope);
  },
});

/**
 * `input · σ(input)` by element, f32 of any shape (Ramachandran et al., arXiv:1710.05941: swish).
 * Matches `torch.nn.functional.silu`. Throws InputError for an input that is not f32.
 */
export function silu(input: Operand): Value {
  return apply(siluOp, [input], {})[0];
}
