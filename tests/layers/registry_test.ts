import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { DoConv2d } from "../../layers/do_conv2d.ts";
import { buildLayers, type LayerName, type LayerSpec, listLayers } from "../../layers/registry.ts";

/** One use of every layer: what it is given and the shape that comes out. */
const USES: Record<LayerName, { spec: LayerSpec; input: number[]; output: number[] }> = {
  conv2d: {
    spec: { conv2d: { outChannels: 6, kernelSize: [3, 5], stride: 2, padding: [1, 2], groups: 2 } },
    input: [4, 9, 8],
    output: [6, 5, 4],
  },
  do_conv2d: {
    spec: { do_conv2d: { outChannels: 6, kernelSize: 3, dilation: 2, depthMultiplier: 12 } },
    input: [4, 9, 8],
    output: [6, 5, 4],
  },
  convolution: {
    spec: { convolution: { outChannels: 6, kernelSize: 3 } },
    input: [4, 9, 8],
    output: [6, 7, 6],
  },
  batch_norm2d: { spec: "batch_norm2d", input: [4, 9, 8], output: [4, 9, 8] },
  linear: { spec: { linear: { outFeatures: 5 } }, input: [7], output: [5] },
  max_pool2d: {
    spec: { max_pool2d: { kernelSize: 3, stride: 2, ceilMode: true } },
    input: [4, 9, 8],
    output: [4, 4, 4],
  },
  avg_pool2d: { spec: { avg_pool2d: { kernelSize: 2 } }, input: [4, 9, 8], output: [4, 4, 4] },
  global_avg_pool2d: { spec: "global_avg_pool2d", input: [4, 9, 8], output: [4, 1, 1] },
  relu: { spec: "relu", input: [4, 9, 8], output: [4, 9, 8] },
  tanh: { spec: { tanh: {} }, input: [3], output: [3] },
  flatten: { spec: "flatten", input: [4, 9, 8], output: [288] },
  dropout: { spec: { dropout: { p: 0.1 } }, input: [3], output: [3] },
};

for (const name of listLayers()) {
  Deno.test(`${name} is built by name and infers its sizes`, () => {
    const { spec, input, output } = USES[name];
    assertEquals(buildLayers([spec], input).outputShape, output);
  });
}

Deno.test("convolution follows the model's choice", () => {
  const { layers } = buildLayers(
    [{ convolution: { outChannels: 2, kernelSize: 3 } }],
    [1, 5, 5],
    { convolution: "do_conv", depthMultiplier: 11 },
  );
  const [layer] = layers.layers;
  assertEquals(layer instanceof DoConv2d && layer.W.shape, [2, 1, 11]);
});

Deno.test("a mistake in a list of layers is told with its place", () => {
  const cases: [LayerSpec[], string][] = [
    [
      ["relu", "relux" as LayerName],
      'layer 1 (relux): there is no such layer; did you mean "relu"?',
    ],
    [["relu", { linear: { outFeatures: 3 } }], "layer 1 (linear): its input has shape [2, 5, 5]"],
    [["flatten", { conv2d: { outChannels: 1, kernelSize: 1 } }], "layer 1 (conv2d): its input"],
    [[{ conv2d: { outChannels: 1, kernelSize: 7 } }], "layer 0 (conv2d): "],
    [[{ relu: {}, tanh: {} }], "layer 0 has 2 names (relu, tanh)"],
  ];
  for (const [specs, message] of cases) {
    assertThrows(() => buildLayers(specs, [2, 5, 5]), InputError, message);
  }
});
