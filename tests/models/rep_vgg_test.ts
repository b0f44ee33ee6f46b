import { assertEquals } from "@std/assert";
import { buildModel } from "../../models/registry.ts";
import { summarizeModel } from "../../models/summary.ts";

const IMAGES = {
  input: { height: 224, width: 224, channels: 3 },
  normalization: { mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] },
};

/** Published millions of parameters, in training and folded, and of multiply-accumulates. */
const PUBLISHED: Readonly<Record<string, readonly [number, number, number]>> = {
  rep_vgg_a0: [9.11, 8.31, 1361],
  rep_vgg_a1: [14.09, 12.79, 2364],
  rep_vgg_b0: [15.82, 14.34, 3058],
  mobile_one_s0: [5.3, 2.08, 275],
  mobile_one_s1: [4.83, 4.76, 825],
  mobile_one_s2: [7.88, 7.81, 1298],
};

for (const [name, published] of Object.entries(PUBLISHED)) {
  Deno.test(`${name} has the published parameters and costs, in training and folded`, () => {
    const model = buildModel(name, { classes: 1000, inputSize: 224 });
    const { trainingParameters, forms } = summarizeModel(model, IMAGES);
    const { numbers, macs } = forms.find(({ form }) => form === "foldedBatchNorm")!;
    const millions = [trainingParameters, numbers].map((count) => Math.round(count / 1e4) / 100);
    assertEquals([...millions, Math.round(macs / 1e6)], [...published]);
  });
}
