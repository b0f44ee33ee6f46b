/** Views, sums and other reductions. */
import { addBias } from "../../../ops/add_bias.ts";
import { binaryOutcomes } from "../../../ops/binary_outcomes.ts";
import { channelSum } from "../../../ops/channel_sum.ts";
import { clipByValue } from "../../../ops/clip_by_value.ts";
import { clipFactor } from "../../../ops/clip_factor.ts";
import { countCorrect } from "../../../ops/count_correct.ts";
import { detach } from "../../../ops/detach.ts";
import { maximumMagnitude } from "../../../ops/maximum_magnitude.ts";
import { pack } from "../../../ops/pack.ts";
import { reshape } from "../../../ops/reshape.ts";
import { scale } from "../../../ops/scale.ts";
import { slice } from "../../../ops/slice.ts";
import { sum } from "../../../ops/sum.ts";
import { sumMagnitudes } from "../../../ops/sum_magnitudes.ts";
import { sumSquares } from "../../../ops/sum_squares.ts";
import type { Families } from "./case.ts";

export const SUMS: Families = {
  "views and sums"(draw) {
    const [rows, columns] = [draw.whole(1, 30), draw.whole(1, 50)];
    const size = rows * columns;
    const offset = draw.whole(0, size - 1);
    const gap = draw.whole(0, 5);
    return {
      inputs: [draw.floats([rows, columns])],
      build([x]) {
        const flat = reshape(x, [size]);
        const part = slice(flat, offset, size - offset);
        const packed = pack([part, x], [gap, size + gap], 2 * size + 2 * gap);
        return [packed, sum(x), sumSquares(packed)];
      },
      differentiable: true,
    };
  },
  "reductions"(draw) {
    const shape = draw.images();
    const logits = [draw.whole(1, 20), draw.whole(2, 20)];
    const maxNorm = draw.one(0.1, 1000);
    return {
      inputs: [draw.floats(shape), draw.floats(logits), draw.labels(logits[0], logits[1])],
      build: ([x, logits, labels]) => [
        addBias(detach(x), channelSum(x)),
        sumMagnitudes(x),
        maximumMagnitude(x),
        clipFactor(sumSquares(x), { maxNorm }),
        clipByValue(x, { value: 0.5 }),
        countCorrect(logits, labels),
        countCorrect(logits, labels, { k: 3 }),
        ...Object.values(binaryOutcomes(logits, scale(logits, 2), { threshold: 0.3 })),
      ],
    };
  },
};
