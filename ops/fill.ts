/** A tensor filled with one number. */
import { finite, listOf, whole } from "../graph/attribute_rules.ts";
import { apply, type Operand } from "../graph/trace.ts";
import { type Op, type Shape, sizeOf, type Value } from "../graph/types.ts";

export const fillOp: Op<{ shape: Shape; value: number }> = {
  name: "fill",
  inputNames: [],
  inference: {
    attributes: { shape: listOf(whole(1)), value: finite() },
    onnx: (graph, _inputs, { attributes: { shape, value } }) =>
      graph.floats(new Float64Array(sizeOf(shape)).fill(value), shape),
  },
  infer: (_inputs, { shape }) => [{ shape, dtype: "f32" }],
  evaluate: (_inputs, { shape, value }) => [new Float64Array(sizeOf(shape)).fill(value)],
  elementwise: { expression: (e, _inputs, { value }) => [e.constant(value)] },
  multiplyAccumulates: () => 0,
  samples: [{ operands: [], attributes: { shape: [2, 3], value: 0.5 } }],
};

/** An f32 tensor of shape `shape` whose elements all are `value`. Matches `torch.full`. */
export function fill(shape: Shape, value: number): Value {
  return apply(fillOp, [], { shape, value })[0];
}

/**
 * A scalar operand: a number becomes a constant of the program, an operand is returned unchanged.
 */
export function scalar(value: number | Operand): Operand {
  return typeof value === "number" ? fill([], value) : value;
}
