/** Sum over everything but the channel. */
import { InputError } from "../errors.ts";
import { apply, type Operand } from "../graph/trace.ts";
import { formatShape, type Op, sizeOf, type Value } from "../graph/types.ts";
import { requireFloats } from "./checks.ts";

export const channelSumOp: Op = {
  name: "channelSum",
  inputNames: ["input"],
  infer([input]) {
    requireFloats("channelSum", ["input"], [input]);
    const { shape } = input;
    if (shape.length < 2) {
      throw new InputError(`channelSum: expected [N, C, …], found shape ${formatShape(shape)}`);
    }
    return [{ shape: [shape[1]], dtype: "f32" }];
  },
  evaluate([{ shape, data }]) {
    const sums = new Float64Array(shape[1]);
    const plane = sizeOf(shape.slice(2));
    data.forEach((value, i) => sums[Math.floor(i / plane) % shape[1]] += value);
    return [sums];
  },
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 3, 4, 4]], attributes: {} }],
};

/** `input` [N, C, …] summed over all axes but the channel's: [C]. The gradient of a bias. */
export function channelSum(input: Operand): Value {
  return apply(channelSumOp, [input], {})[0];
}
