/** Rectangles of images overwritten, as random erasing does. */
import { InputError } from "../errors.ts";
import { apply, type Operand } from "../graph/trace.ts";
import type { Op, Value } from "../graph/types.ts";
import { requireDType, requireFloats, requireRank, requireShape } from "./checks.ts";

/**
 * Numbers that describe what is erased from an image: top, left, height, width and the first value.
 */
export const BOX_FIELDS = 5;

export const eraseOp: Op = {
  name: "erase",
  inputNames: ["input", "boxes", "values"],
  infer([input, boxes, values]) {
    requireFloats("erase", ["input"], [input]);
    requireRank("erase", "input", input.shape, 4, "[batch, channels, height, width]");
    requireDType("erase", "boxes", boxes, "i32");
    requireShape("erase", "boxes", boxes.shape, [input.shape[0], BOX_FIELDS]);
    requireFloats("erase", ["values"], [values]);
    requireRank("erase", "values", values.shape, 1, "[count]");
    if (values.shape[0] === 0) throw new InputError("erase: there are no values");
    return [input];
  },
  evaluate([{ shape, data }, boxes, { data: values }]) {
    const [batch, channels, height, width] = shape;
    const output = data.slice();
    for (let n = 0; n < batch; n++) {
      const [top, left, rows, columns, first] = boxes.data.subarray(BOX_FIELDS * n);
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const [y, x] = [top + row, left + column];
          if (y < 0 || y >= height || x < 0 || x >= width) continue;
          for (let c = 0; c < channels; c++) {
            const place = first + (row * columns + column) * channels + c;
            output[((n * channels + c) * height + y) * width + x] = values[place % values.length];
          }
        }
      }
    }
    return [output];
  },
  multiplyAccumulates: () => 0,
  samples: [{ operands: [[2, 3, 4, 4], { shape: [2, 5], dtype: "i32" }, [7]], attributes: {} }],
};

/**
 * `input` [N, C, H, W] with a rectangle of each image overwritten. `boxes` [N, 5] i32 holds for
 * each image top, left, height and width of the rectangle (height 0: none) and which of `values`
 * [V] comes first, none below 0: they are used in turn, channel by channel, pixel by pixel, row by
 * row, and again from the start after the last. So V = C values are a color, and many are noise.
 * Matches `torchvision.transforms.functional.erase`. It has no gradient. Throws InputError where
 * shapes do not fit.
 */
export function erase(input: Operand, boxes: Operand, values: Operand): Value {
  return apply(eraseOp, [input, boxes, values], {})[0];
}
