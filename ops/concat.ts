/**
 * Concatenating the channels of several tensors, and splitting them: each is the other's gradient.
 */
import { InputError } from "../errors.ts";
import { listOf, MAX_EXTENT, whole } from "../graph/attribute_rules.ts";
import { onnxOp } from "../graph/onnx_nodes.ts";
import { apply, type Operand } from "../graph/trace.ts";
import { formatShape, type Op, sameShape, type Shape, sizeOf, type Value } from "../graph/types.ts";
import { requireFloats, requireIntegers } from "./checks.ts";
import { fill } from "./fill.ts";

export interface SplitAttributes {
  /** Channels of each part, in order. */
  readonly sizes: readonly number[];
}

function withChannels([batch, , ...rest]: Shape, channels: number): Shape {
  return [batch, channels, ...rest];
}

export const concatOp: Op = {
  name: "concat",
  inputNames: ["values"],
  inputCount: () => [1, Infinity],
  inference: { attributes: {}, onnx: onnxOp("Concat", { axis: 1 }) },
  infer(inputs) {
    requireFloats("concat", [], inputs);
    const [{ shape: first }] = inputs;
    if (first.length < 2) {
      throw new InputError(`concat: expected [N, C, …], found shape ${formatShape(first)}`);
    }
    inputs.forEach(({ shape }, i) => {
      if (sameShape(withChannels(shape, 0), withChannels(first, 0))) return;
      throw new InputError(
        `concat: operand ${i + 1} has shape ${formatShape(shape)}, the first one ` +
          `${formatShape(first)}; only the number of channels, the second extent, may differ`,
      );
    });
    const channels = inputs.reduce((sum, { shape }) => sum + shape[1], 0);
    return [{ shape: withChannels(first, channels), dtype: "f32" }];
  },
  gradient: ({ inputs, outputGradients: [dy] }) =>
    dy ? split(dy, inputs.map(({ shape }) => shape[1])) : [],
  evaluate(inputs, _attributes, [{ shape }]) {
    const output = new Float64Array(sizeOf(shape));
    forEachPart(shape, inputs.map((input) => input.shape[1]), (part, from, start, length) => {
      output.set(inputs[part].data.subarray(start, start + length), from);
    });
    return [output];
  },
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 3, 2], [2, 1, 2], [2, 2, 2]], attributes: {} }, {
    operands: [[2, 3], [2, 1]],
    attributes: {},
  }],
};

export const splitOp: Op<SplitAttributes> = {
  name: "split",
  inputNames: ["input"],
  inference: {
    attributes: { sizes: listOf(whole(1), { most: MAX_EXTENT }) },
    // ONNX's `Split` has several outputs.
    onnx(graph, [x], { attributes: { sizes } }) {
      let end = 0;
      return (sizes as SplitAttributes["sizes"]).map((size) => {
        const bounds = [end, end += size, 1].map((bound) => graph.integers([bound]));
        return graph.node("Slice", [x, ...bounds]);
      });
    },
  },
  infer([input], { sizes }) {
    requireFloats("split", ["input"], [input]);
    requireIntegers("split", "sizes", sizes, 1);
    const { shape } = input;
    if (sizes.reduce((sum, size) => sum + size, 0) !== shape[1]) {
      throw new InputError(
        `split: parts of ${sizes.join(", ")} channels were requested from a tensor of shape ` +
          `${formatShape(shape)}; together they must have as many as it, [N, C, …]`,
      );
    }
    return sizes.map((channels) => ({ shape: withChannels(shape, channels), dtype: "f32" }));
  },
  gradient: ({ outputs, outputGradients }) => [
    concat(outputs.map(({ shape }, i) => outputGradients[i] ?? fill(shape, 0))),
  ],
  evaluate([{ shape, data }], { sizes }, types) {
    const parts = types.map((type) => new Float64Array(sizeOf(type.shape)));
    forEachPart(shape, sizes, (part, from, start, length) => {
      parts[part].set(data.subarray(from, from + length), start);
    });
    return parts;
  },
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 4, 3]], attributes: { sizes: [1, 2, 1] } }],
};

/**
 * Visits the contiguous ranges of a tensor: the part of each, its offset in the whole and in the
 * part.
 */
function forEachPart(
  shape: Shape,
  sizes: readonly number[],
  visit: (part: number, from: number, start: number, length: number) => void,
): void {
  const plane = sizeOf(shape.slice(2));
  let from = 0;
  for (let image = 0; image < shape[0]; image++) {
    sizes.forEach((size, part) => {
      const length = size * plane;
      visit(part, from, image * length, length);
      from += length;
    });
  }
}

/**
 * The channels of all values, [N, Ci, …] each, one after the other: [N, ΣCi, …]. Matches
 * `torch.cat(values, dim=1)`. Throws InputError where another extent differs.
 */
export function concat(values: readonly Operand[]): Value {
  return apply(concatOp, values, {})[0];
}

/**
 * `input` [N, C, …] in parts with the given numbers of channels: [N, sizes[i], …]. Matches
 * `torch.split(x, sizes, dim=1)`. Throws InputError unless the sizes add up to C.
 */
export function split(input: Operand, sizes: readonly number[]): Value[] {
  return apply(splitOp, [input], { sizes });
}
