/** Every op that is linear in its input, on its samples, against the convolution it claims to be. */
import { caseOf } from "../../../cli/kernel_case.ts";
import { evaluateProgram } from "../../../backends/reference/reference.ts";
import { conv2dOp } from "../../../ops/conv2d.ts";
import type { ConvolutionAttributes } from "../../../ops/convolution_geometry.ts";
import { OPS } from "../../../ops/registry.ts";
import { sampleOperand } from "../../../ops/samples.ts";
import { assertWithin, deviation } from "../../support/tolerance.ts";

Deno.test("the linear map of an op computes what the op does", () => {
  const comparisons = [...OPS.values()].flatMap((op) =>
    op.samples.flatMap(({ operands, attributes }, i) => {
      const { program, inputs } = caseOf(op, operands.map(sampleOperand), attributes);
      const { node } = program.outputs.output0;
      const values = evaluateProgram(program, inputs, () => new Float64Array());
      const [input, ...others] = node.inputs.map((value) => ({
        shape: value.shape,
        data: values.get(value)!,
      }));
      // Folding needs no others.
      const isFoldable = input !== undefined && [2, 4].includes(input.shape.length);
      const map = isFoldable && op.linearMap?.(node.inputs[0], others, node.attributes);
      if (!map) return [];
      const [batch, channels, height = 1, width = 1] = input.shape;
      const { inChannels, outChannels, groups, kernelSize, weight, bias } = map;
      const kernel = { shape: [outChannels, inChannels / groups, ...kernelSize], data: weight() };
      const shift = bias ? [{ shape: [outChannels], data: bias() }] : [];
      const image = { shape: [batch, channels, height, width], data: input.data };
      const [found] = conv2dOp.evaluate(
        [image, kernel, ...shift],
        map as ConvolutionAttributes,
        node.outputs,
      );
      const expected = values.get(node.outputs[0])!;
      return [{ name: `${op.name} ${i}`, ...deviation(found, expected) }];
    })
  );
  assertWithin(comparisons, 1e-12);
});
