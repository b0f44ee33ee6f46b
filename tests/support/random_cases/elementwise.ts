/** Elementwise ops. */
import { add } from "../../../ops/add.ts";
import { elu } from "../../../ops/elu.ts";
import { gelu } from "../../../ops/gelu.ts";
import { hardSigmoid } from "../../../ops/hard_sigmoid.ts";
import { hardSwish } from "../../../ops/hard_swish.ts";
import { leakyRelu } from "../../../ops/leaky_relu.ts";
import { mish } from "../../../ops/mish.ts";
import { multiply } from "../../../ops/multiply.ts";
import { multiplyScalar } from "../../../ops/multiply_scalar.ts";
import { prelu } from "../../../ops/prelu.ts";
import { relu } from "../../../ops/relu.ts";
import { relu6 } from "../../../ops/relu6.ts";
import { scale } from "../../../ops/scale.ts";
import { sigmoid } from "../../../ops/sigmoid.ts";
import { silu } from "../../../ops/silu.ts";
import { softplus } from "../../../ops/softplus.ts";
import { subtract } from "../../../ops/subtract.ts";
import { tanh } from "../../../ops/tanh.ts";
import type { Families } from "./case.ts";

export const ELEMENTWISE: Families = {
  "elementwise ops"(draw) {
    const shape = draw.shape();
    return {
      inputs: [draw.floats(shape), draw.floats(shape), draw.floats([])],
      build: ([a, b, s]) => [
        relu(add(scale(a, -1.5), tanh(b))),
        multiplyScalar(subtract(a, multiply(b, b)), s),
      ],
      differentiable: true,
    };
  },
  "activations"(draw) {
    const shape = draw.images();
    const approximate = draw.one("none", "tanh");
    return {
      inputs: [draw.floats(shape, -9, 9), draw.floats([draw.one(1, shape[1])])],
      build: ([x, slope]) => [
        relu6(x),
        leakyRelu(x, { negativeSlope: 0.2 }),
        prelu(x, slope),
        elu(x),
        softplus(x, { beta: 2 }),
        sigmoid(x),
        silu(x),
        hardSigmoid(x),
        hardSwish(x),
        gelu(x, { approximate }),
        mish(x),
      ],
      differentiable: true,
    };
  },
};
