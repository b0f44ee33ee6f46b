import { assertEquals } from "@std/assert";
import { buildModel } from "../../models/registry.ts";
import { summarizeModel } from "../../models/summary.ts";

Deno.test("a block's own row comes after those of its layers", () => {
  const model = buildModel("cifar_resnet20_v1", { classes: 2, width: 2, convolution: "rep_conv" });
  const { layers } = summarizeModel(model, {
    input: { height: 32, width: 32, channels: 3 },
    normalization: { mean: [0, 0, 0], std: [1, 1, 1] },
  });
  const rows = layers.filter(({ path }) => path.startsWith("layer1.0"));
  assertEquals(rows.map(({ path, kind }) => [path, kind]), [
    ["layer1.0.conv1", "RepConv2d"],
    ["layer1.0.conv2", "RepConv2d"],
    ["layer1.0", "BasicBlock"],
  ]);
});
