/** Scalar arithmetic as nodes of an ONNX graph. */
import type { OnnxNodes } from "../graph/onnx_nodes.ts";
import type { Arithmetic } from "../graph/types.ts";

/** The arithmetic that writes scalar expressions as ONNX nodes. */
export function onnxArithmetic(graph: OnnxNodes): Arithmetic<string> {
  const apply = (opType: string) => (...operands: string[]) => graph.node(opType, operands);
  const constant = (value: number) => graph.floats(Float64Array.of(value), []);
  return {
    constant,
    add: apply("Add"),
    subtract: apply("Sub"),
    multiply: apply("Mul"),
    divide: apply("Div"),
    maximum: apply("Max"),
    minimum: apply("Min"),
    squareRoot: apply("Sqrt"),
    tanh: apply("Tanh"),
    exp: apply("Exp"),
    log1p: (a) => apply("Log")(apply("Add")(a, constant(1))),
    selectGreater: (a, b, ifGreater, otherwise) =>
      apply("Where")(apply("Greater")(a, b), ifGreater, otherwise),
  };
}
