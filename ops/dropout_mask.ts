/** The random mask of dropout. */
import { InputError } from "../errors.ts";
import { threefry2x32 } from "../graph/random.ts";
import { apply, type Operand } from "../graph/trace.ts";
import { type Op, type Shape, sizeOf, type Value } from "../graph/types.ts";
import { requireDType, requireIntegers, requireShape } from "./checks.ts";

export interface DropoutMaskAttributes {
  readonly shape: Shape;
  /** Probability that an element is dropped, in [0, 1). */
  readonly p: number;
  /** Distinguishes the masks of one step: a unique number for each use. */
  readonly stream: number;
}

/** An element is dropped when the upper 24 bits of its random word are below this. */
export function dropThreshold(p: number): number {
  return Math.round(p * 2 ** 24);
}

export const dropoutMaskOp: Op<DropoutMaskAttributes> = {
  name: "dropoutMask",
  inputNames: ["step"],
  infer([step], { shape, p, stream }) {
    requireDType("dropoutMask", "step", step, "i32");
    requireShape("dropoutMask", "step", step.shape, []);
    requireIntegers("dropoutMask", "stream", [stream], 0);
    if (!(p >= 0 && p < 1)) {
      throw new InputError(`dropout: p is ${p}; expected at least 0 and less than 1`);
    }
    return [{ shape, dtype: "f32" }];
  },
  evaluate([step], { shape, p, stream }) {
    const threshold = dropThreshold(p);
    const kept = 1 / (1 - p);
    const words = new Uint32Array(2);
    return [
      new Float64Array(sizeOf(shape)).map((_, i) => {
        threefry2x32(i, 0, step.data[0], stream, words);
        return words[0] >>> 8 < threshold ? 0 : kept;
      }),
    ];
  },
  multiplyAccumulates: () => 0,
  samples: [{
    operands: [{ shape: [], dtype: "i32" }],
    attributes: { shape: [8, 16], p: 0.5, stream: 0 },
  }],
};

/**
 * A tensor of shape `shape` whose elements are 0 with probability `p` and otherwise `1 / (1 - p)`;
 * dropout is the product with it, as `torch.nn.functional.dropout`. The element at row-major place
 * i is decided by the first word of Threefry-2x32 with the key (`step`, `stream`) and the counter
 * (i, 0), so every backend draws the same mask. `step`: a scalar i32 that differs from step to step
 * (and from seed to seed). Throws InputError for `p` outside [0, 1).
 */
export function dropoutMask(step: Operand, attributes: DropoutMaskAttributes): Value {
  return apply(dropoutMaskOp, [step], attributes)[0];
}
