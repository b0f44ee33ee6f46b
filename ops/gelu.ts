/** Gaussian error linear unit. */
import { oneOf } from "../graph/attribute_rules.ts";
import type { OnnxNodes } from "../graph/onnx_nodes.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Arithmetic, Value } from "../graph/types.ts";
import { activationOps } from "./activation.ts";
import { onnxArithmetic } from "./onnx_arithmetic.ts";

/** Options of {@link gelu}. */
export interface GeluOptions {
  /**
   * `none`: the cumulative normal distribution; `tanh`: the paper's approximation. Default `none`.
   */
  readonly approximate?: "none" | "tanh";
}

/**
 * (1 - Φ(x)) · exp(x² / 2) for x ≥ 0 is t times this polynomial of t = 1 / (1 + 0.26 x), highest
 * coefficient first: a minimax fit of relative error 4e-10.
 */
const TAIL = [
  -0.0158778305473,
  0.100111820632,
  -0.245992464417,
  0.286935588332,
  -0.19378726139,
  0.148449190801,
  0.0257861031886,
  0.0914221216543,
  0.095390446377,
  0.103841860654,
  0.103720424887,
];
const TAIL_SCALE = 0.26;

/** A function from 0 to 1, and its slope. */
interface Gate<E> {
  readonly value: E;
  readonly slope: E;
}

/** The cumulative normal distribution Φ by {@link TAIL}, and its density. */
function normalDistribution<E>(e: Arithmetic<E>, x: E): Gate<E> {
  const zero = e.constant(0), one = e.constant(1);
  const magnitude = e.maximum(x, e.subtract(zero, x));
  const bell = e.exp(e.multiply(e.multiply(x, x), e.constant(-0.5)));
  const t = e.divide(one, e.add(one, e.multiply(magnitude, e.constant(TAIL_SCALE))));
  const [highest, ...others] = TAIL.map((coefficient) => e.constant(coefficient));
  const sum = others.reduce((sum, coefficient) => e.add(e.multiply(sum, t), coefficient), highest);
  const tail = e.multiply(e.multiply(sum, t), bell);
  return {
    value: e.selectGreater(x, zero, e.subtract(one, tail), tail),
    slope: e.multiply(bell, e.constant(1 / Math.sqrt(2 * Math.PI))),
  };
}

/** `½ · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))` and its slope. */
function approximateDistribution<E>(e: Arithmetic<E>, x: E): Gate<E> {
  const one = e.constant(1), half = e.constant(0.5);
  const square = e.multiply(x, x);
  const factor = Math.sqrt(2 / Math.PI), cubic = e.constant(0.044715 * factor);
  const line = e.constant(factor);
  const bend = e.tanh(e.multiply(x, e.add(line, e.multiply(cubic, square))));
  const inner = e.add(line, e.multiply(e.constant(3 * 0.044715 * factor), square));
  return {
    value: e.add(half, e.multiply(half, bend)),
    slope: e.multiply(e.multiply(half, e.subtract(one, e.multiply(bend, bend))), inner),
  };
}

/** `x · (1 + erf(x / √2)) · ½` in ONNX. */
function byErrorFunction(graph: OnnxNodes, x: string): string {
  const { constant, add, multiply, divide } = onnxArithmetic(graph);
  const erf = graph.node("Erf", [divide(x, constant(Math.SQRT2))]);
  return multiply(multiply(x, add(erf, constant(1))), constant(0.5));
}

const GATES = { none: normalDistribution, tanh: approximateDistribution };

export const [geluOp, geluGradientOp] = activationOps<Required<GeluOptions>>({
  name: "gelu",
  stored: { approximate: oneOf(Object.keys(GATES)) },
  samples: [{ approximate: "none" }, { approximate: "tanh" }],
  onnx: (graph, [x], { attributes }) =>
    attributes.approximate === "none" ? byErrorFunction(graph, x) : undefined,
  expression: (e, x, { approximate }) => e.multiply(x, GATES[approximate](e, x).value),
  gradientOf: "input",
  gradient(e, dy, x, { approximate }) {
    const { value, slope } = GATES[approximate](e, x);
    return e.multiply(dy, e.add(value, e.multiply(x, slope)));
  },
});

/**
 * `input · Φ(input)` by element, f32 of any shape, Φ being the cumulative normal distribution
 * (Hendrycks and Gimpel, arXiv:1606.08415). Matches `torch.nn.functional.gelu`. Throws InputError
 * for an input that is not f32.
 */
export function gelu(input: Operand, { approximate = "none" }: GeluOptions = {}): Value {
  return apply(geluOp, [input], { approximate })[0];
}
