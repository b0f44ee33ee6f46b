/** Gradient ops accept only gradients of the shape that their op outputs. */
import { assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { apply, input, trace } from "../../graph/trace.ts";
import type { Op, SampleOperand } from "../../graph/types.ts";
import { avgPool2dGradientOp } from "../../ops/avg_pool2d.ts";
import { conv2dInputGradientOp, conv2dWeightGradientOp } from "../../ops/conv2d.ts";
import { globalAvgPool2dGradientOp } from "../../ops/global_avg_pool2d.ts";
import { maxPool2dGradientOp } from "../../ops/max_pool2d.ts";
import { sampleOperand } from "../../ops/samples.ts";
import { softmaxGradientOp } from "../../ops/softmax.ts";

for (
  const op of [
    conv2dInputGradientOp,
    conv2dWeightGradientOp,
    maxPool2dGradientOp,
    avgPool2dGradientOp,
    globalAvgPool2dGradientOp,
    softmaxGradientOp,
  ] as readonly Op[]
) {
  Deno.test(`${op.name} refuses a gradient of another shape`, () => {
    const [{ operands, attributes }] = op.samples;
    const applied = (operands: readonly Required<SampleOperand>[]) =>
      trace({ name: "gradient" }, () => {
        apply(op, operands.map(({ shape, dtype }, i) => input(`x${i}`, shape, dtype)), attributes);
      });
    const fitting = operands.map(sampleOperand);
    applied(fitting);
    const at = op.inputNames.indexOf("outputGradient");
    const { shape } = fitting[at];
    const other = { ...fitting[at], shape: shape.with(-1, shape.at(-1)! + 1) };
    assertThrows(() => applied(fitting.with(at, other)), InputError, op.name);
  });
}
