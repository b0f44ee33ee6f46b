/** Ops of a training step's update. */
import type { Value } from "../../../graph/types.ts";
import { adamUpdate } from "../../../ops/adam_update.ts";
import { divideScalar } from "../../../ops/divide_scalar.ts";
import { fill } from "../../../ops/fill.ts";
import { movingAverage } from "../../../ops/moving_average.ts";
import { rmspropUpdate } from "../../../ops/rmsprop_update.ts";
import { segmentSumSquares } from "../../../ops/segment_sum_squares.ts";
import { sgdUpdate } from "../../../ops/sgd_update.ts";
import { updateLossScale } from "../../../ops/update_loss_scale.ts";
import { whereFinite } from "../../../ops/where_finite.ts";
import type { Families } from "./case.ts";

export const UPDATES: Families = {
  "loss scales"(draw) {
    const shape = draw.shape();
    const magnitude = { shape: [], data: Float32Array.of(draw.one(0, 5, Infinity, NaN)) };
    const attributes = { growthFactor: 2, backoffFactor: 0.5, growthInterval: draw.whole(1, 3) };
    return {
      inputs: [draw.floats(shape), draw.floats(shape), draw.floats([], 1, 9), magnitude],
      build: ([x, other, factor, magnitude]) => [
        whereFinite(divideScalar(x, factor), other, magnitude),
        ...Object.values(updateLossScale(factor, fill([], 1), magnitude, attributes)),
      ],
    };
  },
  "optimizers"(draw) {
    const size = [draw.whole(1, 200)];
    const positive = () => draw.floats(size, 0.01, 1);
    const weightDecay = draw.one(0, 0.1);
    const optimizer = draw.one("sgd", "adam", "rmsprop");
    const flag = draw.one(false, true);
    return {
      inputs: [draw.floats(size), draw.floats(size), draw.floats(size), positive(), positive()],
      build([parameter, gradient, average, square, most]) {
        const learningRate = fill([], 0.1);
        // One at a time, with one scalar for all rates: some adapters allow only ten buffers per
        // shader.
        const update = {
          sgd: () => ({
            average: movingAverage(parameter, gradient, 0.9),
            ...sgdUpdate(parameter, gradient, {
              learningRate,
              weightDecay,
              momentum: 0.9,
              nesterov: flag,
              momentumBuffer: average,
            }),
          }),
          adam: () =>
            adamUpdate(parameter, gradient, {
              learningRate,
              weightDecay,
              decoupledWeightDecay: flag,
              expAvg: average,
              expAvgSq: square,
              maxExpAvgSq: flag ? most : undefined,
              betas: [learningRate, 0.999],
              biasCorrection1: learningRate,
              biasCorrection2: learningRate,
            }),
          rmsprop: () =>
            rmspropUpdate(parameter, gradient, {
              learningRate,
              weightDecay,
              squareAvg: square,
            }),
        }[optimizer];
        return Object.values<Value | undefined>(update())
          .filter((value) => value !== undefined);
      },
    };
  },
  "norms of segments"(draw) {
    const size = draw.whole(1, 9000);
    const segments = Array.from({ length: draw.whole(1, 5) }, () => {
      const offset = draw.whole(0, size);
      return { offset, size: draw.whole(0, size - offset) };
    });
    return {
      inputs: [draw.floats([size])],
      build: ([x]) => [segmentSumSquares(x, segments)],
    };
  },
};
