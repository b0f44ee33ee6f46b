/** The ops of gradients take the gradient of what their op gives, and nothing else. */
import { assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { apply, input, trace } from "../../graph/trace.ts";
import type { Op, Shape } from "../../graph/types.ts";
import { avgPool2dGradientOp } from "../../ops/avg_pool2d.ts";
import { conv2dInputGradientOp, conv2dWeightGradientOp } from "../../ops/conv2d.ts";
import { globalAvgPool2dGradientOp } from "../../ops/global_avg_pool2d.ts";
import { maxPool2dGradientOp } from "../../ops/max_pool2d.ts";
import { softmaxGradientOp } from "../../ops/softmax.ts";

const CONVOLUTION = {
  stride: [1, 1],
  padding: [0, 0],
  dilation: [1, 1],
  groups: 1,
  paddingMode: "zeros",
};
const POOLING = {
  kernelSize: [2, 2],
  stride: [2, 2],
  padding: [0, 0],
  dilation: [1, 1],
  ceilMode: false,
  countIncludePad: true,
};
const IMAGE = [1, 2, 6, 6], WEIGHT = [3, 2, 3, 3];

/** An op with its attributes, the shapes it takes, and the place of the one that is changed. */
const CASES:
  readonly (readonly [op: Op, attributes: object, shapes: readonly Shape[], at: number])[] = [
    [conv2dInputGradientOp, { ...CONVOLUTION, inputShape: IMAGE }, [[1, 3, 4, 4], WEIGHT], 0],
    [conv2dWeightGradientOp, { ...CONVOLUTION, weightShape: WEIGHT }, [IMAGE, [1, 3, 4, 4]], 1],
    [maxPool2dGradientOp, { ...POOLING, inputShape: IMAGE }, [[1, 2, 3, 3], [1, 2, 3, 3]], 1],
    [avgPool2dGradientOp, { ...POOLING, inputShape: IMAGE }, [[1, 2, 3, 3]], 0],
    [globalAvgPool2dGradientOp, { inputShape: IMAGE }, [[1, 2, 1, 1]], 0],
    [softmaxGradientOp, {}, [[4, 5], [4, 5]], 1],
  ];

for (const [op, attributes, shapes, at] of CASES) {
  Deno.test(`${op.name} refuses a gradient of another shape`, () => {
    const applied = (shapes: readonly Shape[]) =>
      trace({ name: "gradient" }, () => {
        const isIndices = (i: number) => op === maxPool2dGradientOp && i === 1;
        const values = shapes.map((shape, i) =>
          input(`x${i}`, shape, isIndices(i) ? "i32" : "f32")
        );
        apply(op, values, attributes);
      });
    applied(shapes);
    const { length } = shapes[at];
    const other = shapes[at].with(length - 1, shapes[at][length - 1] + 1);
    assertThrows(() => applied(shapes.with(at, other)), InputError, op.name);
  });
}
