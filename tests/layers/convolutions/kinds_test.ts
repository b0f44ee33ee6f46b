/** Every kind of convolution in a network folds to the plain network. */
import { assertEquals } from "@std/assert";
import { evaluateProgram } from "../../../backends/reference/reference.ts";
import { constantOp } from "../../../graph/leaves.ts";
import type { Program } from "../../../graph/types.ts";
import {
  convolutionFactory,
  CONVOLUTIONS,
  type ConvolutionSpec,
} from "../../../layers/convolutions.ts";
import { inferenceProgram } from "../../../models/inference.ts";
import { buildModel } from "../../../models/registry.ts";
import { foldForInference } from "../../../ops/fold_for_inference.ts";
import { disturb } from "../../support/disturb.ts";
import { assertSameFunction, build, opsOf } from "../../support/folding.ts";
import { assertWithin, deviation } from "../../support/tolerance.ts";

const IMAGES = {
  input: { height: 8, width: 8, channels: 3 },
  normalization: { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.4] },
};

function networkOf(convolution: ConvolutionSpec): Program {
  const model = buildModel("cifar_resnet20_v1", {
    classes: 3,
    inputSize: 8,
    convolution,
    width: 2,
  });
  model.initialize(1);
  return inferenceProgram(disturb(model), IMAGES, 2);
}

function shapesOf(program: Program): Map<string, string> {
  return new Map(
    program.nodes.filter(({ op }) => op === constantOp)
      .map(({ attributes, outputs }) => [attributes.name, String(outputs[0].shape)]),
  );
}

function logitsOf(program: Program): Float64Array {
  const pixels = Uint8Array.from({ length: 2 * 8 * 8 * 3 }, (_, i) => (i * i) % 251);
  const values = evaluateProgram(program, { pixels }, () => new Float64Array());
  return values.get(program.outputs.logits)!;
}

const NESTED: readonly ConvolutionSpec[] = [
  { name: "rep_vgg", convolution: "do_conv" },
  { name: "rep_conv", convolution: { name: "do_conv", depthMultiplier: 12 } },
  { name: "acnet", convolution: "orepa" },
  { name: "dbb", convolution: "expand_net", border: "input" },
  { name: "mobile_one", copies: 2, convolution: "do_conv" },
];

for (const spec of [...Object.keys(CONVOLUTIONS) as (keyof typeof CONVOLUTIONS)[], ...NESTED]) {
  Deno.test(`a network of ${JSON.stringify(spec)} folds to the plain network`, () => {
    const program = networkOf(spec);
    const folded = foldForInference(program, { batchNorm: true });
    const plain = foldForInference(networkOf("conv"), { batchNorm: true });
    assertEquals(shapesOf(folded), shapesOf(plain));
    assertWithin([{ name: "logits", ...deviation(logitsOf(folded), logitsOf(program)) }], 1e-12);
    assertWithin(
      [{ name: "plainly", ...deviation(logitsOf(foldForInference(program)), logitsOf(program)) }],
      1e-12,
    );
  });
}

for (const name of Object.keys(CONVOLUTIONS) as (keyof typeof CONVOLUTIONS)[]) {
  Deno.test(`${name} folds to one convolution with any padding`, () => {
    const paddings = [
      { padding: 1 },
      { padding: 3 },
      { padding: 1, paddingMode: "circular" },
      { padding: 2, paddingMode: "reflect" },
    ] as const;
    for (const padding of paddings) {
      const place = { inChannels: 4, outChannels: 4, kernelSize: 3, ...padding };
      const layer = convolutionFactory(name)(place);
      layer.initialize(1);
      disturb(layer);
      const program = build((x) => layer.call(x));
      const folded = foldForInference(program, { batchNorm: true });
      assertEquals(opsOf(folded), ["conv2d"]);
      assertSameFunction(program, folded);
    }
  });
}
