/** Matrix products. */
import { linear } from "../../../ops/linear.ts";
import { matmul } from "../../../ops/matmul.ts";
import { pack } from "../../../ops/pack.ts";
import type { Families } from "./case.ts";

export const MATRIX_PRODUCTS: Families = {
  "matrix products"(draw) {
    const [rows, inner, columns] = [draw.whole(1, 40), draw.whole(1, 40), draw.whole(1, 40)];
    const transposeA = draw.one(false, true), transposeB = draw.one(false, true);
    return {
      inputs: [
        draw.floats(transposeA ? [inner, rows] : [rows, inner]),
        draw.floats(transposeB ? [columns, inner] : [inner, columns]),
        draw.floats([draw.whole(1, 12), columns]),
        draw.floats([1]),
      ],
      build([a, b, weight, bias]) {
        const product = matmul(a, b, { transposeA, transposeB });
        const offsets = Array.from({ length: weight.shape[0] }, (_, i) => i);
        const biases = pack(offsets.map(() => bias), offsets, offsets.length);
        return [linear(product, weight, biases)];
      },
      differentiable: true,
    };
  },
};
