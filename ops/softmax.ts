/** Softmax and its logarithm, over the classes of each sample. */
import { onnxOp } from "../graph/onnx_nodes.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { HostTensor, Op, TensorType, Value } from "../graph/types.ts";
import { requireFloats, requireRank, requireShape } from "./checks.ts";

function inferRows(op: string, inputs: readonly TensorType[]): TensorType[] {
  const { shape } = inputs[0];
  requireFloats(op, [], inputs);
  requireRank(op, "input", shape, 2, "[batch, classes]");
  inputs.forEach((input, i) => requireShape(op, `operand ${i + 1}`, input.shape, shape));
  return [{ shape, dtype: "f32" }];
}

/** The softmax of a row of logits: the probabilities that they represent. */
export function softmaxRow(logits: ArrayLike<number>): Float64Array {
  const row = Float64Array.from(logits);
  const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = row.map((logit) => Math.exp(logit - most));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** The log-softmax of a row of logits: shifted by its maximum so that no exponential overflows. */
export function logSoftmaxRow(logits: Float64Array): Float64Array {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
  return logits.map((logit) => logit - most - Math.log(total));
}

/** Maps the rows of [N, C] tensors. */
function mapRows(
  inputs: readonly HostTensor[],
  compute: (...rows: Float64Array[]) => Float64Array,
): Float64Array[] {
  const [batch, classes] = inputs[0].shape;
  const output = new Float64Array(batch * classes);
  for (let at = 0; at < output.length; at += classes) {
    output.set(compute(...inputs.map(({ data }) => data.subarray(at, at + classes))), at);
  }
  return [output];
}

export const softmaxOp: Op = {
  name: "softmax",
  inputNames: ["logits"],
  inference: { attributes: {}, onnx: onnxOp("Softmax", { axis: 1 }) },
  infer: (inputs) => inferRows("softmax", inputs),
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [
    dy && apply(softmaxGradientOp, [dy, y], {})[0],
  ],
  evaluate: (inputs) => mapRows(inputs, softmaxRow),
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 4]], attributes: {} }],
};

/** The gradient of {@link softmax}: (outputGradient, output) → `y · (dy - Σ dy · y)` by row. */
export const softmaxGradientOp: Op = {
  name: "softmaxGradient",
  inputNames: ["outputGradient", "output"],
  infer: (inputs) => inferRows("softmaxGradient", inputs),
  evaluate: (inputs) =>
    mapRows(inputs, (dy, y) => {
      const total = dy.reduce((sum, value, i) => sum + value * y[i], 0);
      return dy.map((value, i) => y[i] * (value - total));
    }),
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 4], [2, 4]], attributes: {} }],
};

export const logSoftmaxOp: Op = {
  name: "logSoftmax",
  inputNames: ["logits"],
  inference: { attributes: {}, onnx: onnxOp("LogSoftmax", { axis: 1 }) },
  infer: (inputs) => inferRows("logSoftmax", inputs),
  gradient: ({ outputs: [y], outputGradients: [dy] }) => [
    dy && apply(logSoftmaxGradientOp, [dy, y], {})[0],
  ],
  evaluate: (inputs) => mapRows(inputs, logSoftmaxRow),
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 4]], attributes: {} }],
};

/** The gradient of {@link logSoftmax}: (outputGradient, output) → `dy - exp(y) · Σ dy` by row. */
export const logSoftmaxGradientOp: Op = {
  name: "logSoftmaxGradient",
  inputNames: ["outputGradient", "output"],
  infer: (inputs) => inferRows("logSoftmaxGradient", inputs),
  evaluate: (inputs) =>
    mapRows(inputs, (dy, y) => {
      const total = dy.reduce((sum, value) => sum + value, 0);
      return dy.map((value, i) => value - Math.exp(y[i]) * total);
    }),
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 4], [2, 4]], attributes: {} }],
};

/**
 * The softmax of each row of `logits` [N, C]: [N, C]. Matches `torch.softmax(x, 1)`. Throws InputError
 * for logits that are not an f32 matrix.
 */
export function softmax(logits: Operand): Value {
  return apply(softmaxOp, [logits], {})[0];
}

/**
 * The logarithm of the softmax of each row of `logits` [N, C]: [N, C]. Matches
 * `torch.log_softmax(x, 1)`. Throws InputError for logits that are not an f32 matrix.
 */
export function logSoftmax(logits: Operand): Value {
  return apply(logSoftmaxOp, [logits], {})[0];
}
