/** The same elements under another shape. */
import { InputError } from "../errors.ts";
import { listOf, whole } from "../graph/attribute_rules.ts";
import { apply, type Operand } from "../graph/trace.ts";
import { formatShape, type Op, type Shape, sizeOf, type Value } from "../graph/types.ts";

/**
 * The op of {@link reshape}: a view. The extent -1 stays in the attributes, so that a stored program
 * fits every batch size.
 */
export const reshapeOp: Op<{ readonly shape: Shape }> = {
  name: "reshape",
  inputNames: ["input"],
  inference: {
    attributes: { shape: listOf(whole(-1)) },
    onnx: (graph, [x], { attributes: { shape } }) =>
      graph.node("Reshape", [x, graph.integers(shape)]),
  },
  infer([input], { shape }) {
    const size = sizeOf(input.shape);
    const known = -sizeOf(shape);
    const inferred = shape.map((extent) => extent === -1 && known > 0 ? size / known : extent);
    const valid = inferred.every((extent) => Number.isInteger(extent) && extent >= 0);
    if (!valid || sizeOf(inferred) !== size) {
      throw new InputError(
        `reshape: ${formatShape(input.shape)} has ${size} elements and does not fit the shape ` +
          `${formatShape(shape)}; at most one extent may be -1, and the others must divide them`,
      );
    }
    return [{ shape: inferred, dtype: input.dtype }];
  },
  gradient: ({ inputs: [x], outputGradients: [dy] }) => [dy && reshape(dy, x.shape)],
  evaluate: ([{ data }]) => [data],
  viewOffset: () => 0,
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 6]], attributes: { shape: [3, -1] } }],
};

/**
 * `input` with its elements, in row-major order, as a tensor of shape `shape`; one extent may be -1
 * and is inferred from the others. Matches `torch.reshape`. Throws InputError when the number of
 * elements differs.
 */
export function reshape(input: Operand, shape: Shape): Value {
  return apply(reshapeOp, [input], { shape })[0];
}

/**
 * `input` with the axes from `startDim` (default 1) on merged into one: [N, C, H, W] becomes [N,
 * C·H·W]. Matches `torch.flatten(x, start_dim)`.
 */
export function flatten(input: Operand, startDim = 1): Value {
  const kept = input.shape.slice(1, startDim);
  const joined = sizeOf(input.shape.slice(startDim));
  return reshape(input, startDim === 0 ? [-1] : [-1, ...kept, joined]);
}
