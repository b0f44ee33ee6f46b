/**
 * Activations in ONNX, opset 17: by its ops and in the forms that PyTorch writes, which runtimes
 * know. Those without a line here are written out.
 */
import { eluOp } from "../ops/elu.ts";
import { geluOp, type GeluOptions } from "../ops/gelu.ts";
import { hardSigmoidOp } from "../ops/hard_sigmoid.ts";
import { hardSwishOp } from "../ops/hard_swish.ts";
import { leakyReluOp } from "../ops/leaky_relu.ts";
import { mishOp } from "../ops/mish.ts";
import { preluOp } from "../ops/prelu.ts";
import { reluOp } from "../ops/relu.ts";
import { relu6Op } from "../ops/relu6.ts";
import { sigmoidOp } from "../ops/sigmoid.ts";
import { siluOp } from "../ops/silu.ts";
import { type Conversion, direct } from "./onnx_conversion.ts";

/** How nodes of these ops are written; undefined where the scalar expression is to be. */
export function activationConversion(
  { op, attributes }: Parameters<Conversion>[1],
): Conversion | undefined {
  switch (op.name) {
    case reluOp.name:
      return direct("Relu");
    case relu6Op.name:
      return clippedAt6;
    case leakyReluOp.name:
      return direct("LeakyRelu", { alpha: { float: attributes.negativeSlope } });
    case preluOp.name:
      return parametric;
    case eluOp.name:
      return direct("Elu", { alpha: { float: attributes.alpha } });
    case sigmoidOp.name:
      return direct("Sigmoid");
    case siluOp.name:
      return gated("Sigmoid");
    case hardSigmoidOp.name:
      return direct("HardSigmoid", { alpha: { float: 1 / 6 }, beta: { float: 0.5 } });
    case hardSwishOp.name:
      return direct("HardSwish");
    case mishOp.name:
      return gated("Softplus", "Tanh");
    case geluOp.name:
      return (attributes as GeluOptions).approximate === "none" ? gaussian : undefined;
    default:
      return undefined;
  }
}

/** For an op that is its operand times a gate, which is ONNX's ops one after the other. */
function gated(...opTypes: string[]): Conversion {
  return (graph, { scope }, [x]) => {
    const gate = opTypes.reduce((of, opType) => graph.node(opType, [of], {}, scope), x);
    return graph.node("Mul", [x, gate], {}, scope);
  };
}

const clippedAt6: Conversion = (graph, { scope }, [x]) => {
  const [least, most] = [0, 6].map((bound) => graph.floats(Float64Array.of(bound), []));
  return graph.node("Clip", [x, least, most], {}, scope);
};

/** A slope for each channel stands beside [C, H, W] as [C, 1, 1]. */
const parametric: Conversion = (graph, { scope, inputs: [input, slope] }, [x, weight]) => {
  const axes = slope.shape.length === 0 ? [] : input.shape.slice(2).map((_, axis) => axis + 1);
  const spread = axes.length === 0
    ? weight
    : graph.node("Unsqueeze", [weight, graph.integers(axes)], {}, scope);
  return graph.node("PRelu", [x, spread], {}, scope);
};

/** `x · (1 + erf(x / √2)) · ½` */
const gaussian: Conversion = (graph, { scope }, [x]) => {
  const number = (value: number) => graph.floats(Float64Array.of(value), []);
  const apply = (opType: string, ...inputs: string[]) => graph.node(opType, inputs, {}, scope);
  const erf = apply("Erf", apply("Div", x, number(Math.SQRT2)));
  return apply("Mul", apply("Mul", x, apply("Add", erf, number(1))), number(0.5));
};
