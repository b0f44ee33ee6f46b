import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError, type OptionPath } from "../../errors.ts";
import { Conv2d } from "../../layers/conv2d.ts";
import { DoConv2d } from "../../layers/do_conv2d.ts";
import { buildLayers, type LayerName, LAYERS, type LayerSpec } from "../../layers/registry.ts";
import { exampleOptions } from "../support/example_options.ts";

/** Uses of layers, with the shapes of input and output. */
const USES: { spec: LayerSpec; input: number[]; output: number[] }[] = [
  {
    spec: { conv2d: { outChannels: 6, kernelSize: [3, 5], stride: 2, padding: [1, 2], groups: 2 } },
    input: [4, 9, 8],
    output: [6, 5, 4],
  },
  {
    spec: { do_conv2d: { outChannels: 6, kernelSize: 3, dilation: 2, depthMultiplier: 12 } },
    input: [4, 9, 8],
    output: [6, 5, 4],
  },
  {
    spec: { convolution: { outChannels: 6, kernelSize: 3 } },
    input: [4, 9, 8],
    output: [6, 7, 6],
  },
  { spec: "batch_norm2d", input: [4, 9, 8], output: [4, 9, 8] },
  { spec: { linear: { outFeatures: 5 } }, input: [7], output: [5] },
  {
    spec: { max_pool2d: { kernelSize: 3, stride: 2, ceilMode: true } },
    input: [4, 9, 8],
    output: [4, 4, 4],
  },
  { spec: { avg_pool2d: { kernelSize: 2 } }, input: [4, 9, 8], output: [4, 4, 4] },
  {
    spec: { adaptive_avg_pool2d: { outputSize: [3, 7] } },
    input: [4, 9, 8],
    output: [4, 3, 7],
  },
  { spec: "global_avg_pool2d", input: [4, 9, 8], output: [4, 1, 1] },
  { spec: "relu", input: [4, 9, 8], output: [4, 9, 8] },
  { spec: { tanh: {} }, input: [3], output: [3] },
  { spec: { leaky_relu: { negativeSlope: 0.2 } }, input: [4, 9, 8], output: [4, 9, 8] },
  { spec: { gelu: { approximate: "tanh" } }, input: [4, 9, 8], output: [4, 9, 8] },
  { spec: { softplus: { beta: 2 } }, input: [3], output: [3] },
  { spec: { prelu: { perChannel: true } }, input: [4, 9, 8], output: [4, 9, 8] },
  { spec: "flatten", input: [4, 9, 8], output: [288] },
  { spec: { dropout: { p: 0.1 } }, input: [3], output: [3] },
  { spec: { dropout2d: { p: 0.1 } }, input: [4, 9, 8], output: [4, 9, 8] },
  { spec: { stochastic_depth: { p: 0.1 } }, input: [4, 9, 8], output: [4, 9, 8] },
  { spec: { layer_scale: { initValues: 0.1 } }, input: [4, 9, 8], output: [4, 9, 8] },
  {
    spec: { squeeze_excitation: { squeezeChannels: 2, scaleActivation: "hard_sigmoid" } },
    input: [4, 9, 8],
    output: [4, 9, 8],
  },
  {
    spec: { residual: ["relu", { conv2d: { outChannels: 4, kernelSize: 3, padding: 1 } }] },
    input: [4, 9, 8],
    output: [4, 9, 8],
  },
  {
    spec: {
      branches: [
        [{ conv2d: { outChannels: 6, kernelSize: 3, stride: 2, padding: 1 } }, {
          residual: ["relu"],
        }],
        [{ avg_pool2d: { kernelSize: 2, ceilMode: true } }, {
          conv2d: { outChannels: 6, kernelSize: 1 },
        }],
      ],
    },
    input: [4, 9, 8],
    output: [6, 5, 4],
  },
  {
    spec: { concat: [[], [{ conv2d: { outChannels: 6, kernelSize: 1 } }]] },
    input: [4, 9, 8],
    output: [10, 9, 8],
  },
  { spec: "layer_norm2d", input: [4, 9, 8], output: [4, 9, 8] },
  { spec: { group_norm: { groups: 2 } }, input: [4, 9, 8], output: [4, 9, 8] },
  { spec: { channel_shuffle: { groups: 2 } }, input: [4, 9, 8], output: [4, 9, 8] },
];

for (const { spec, input, output } of USES) {
  const name = typeof spec === "string" ? spec : Object.keys(spec)[0];
  Deno.test(`${name} is built by name and infers its sizes`, () => {
    assertEquals(buildLayers([spec], input).outputShape, output);
  });
}

Deno.test("every layer can be built from its required options, for images or for features", () => {
  for (const [name, entry] of Object.entries(LAYERS)) {
    const spec = { [name]: exampleOptions(entry) } as LayerSpec;
    const built = [[4, 9, 8], [7]].flatMap((input) => {
      try {
        return [buildLayers([spec], input)];
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        return [];
      }
    });
    assert(built.length > 0, name);
  }
});

Deno.test("the layer convolution follows the model's kind", () => {
  const { layers } = buildLayers(
    [{ convolution: { outChannels: 2, kernelSize: 3 } }],
    [1, 5, 5],
    { convolution: (options) => new DoConv2d({ ...options, depthMultiplier: 11 }) },
  );
  const [layer] = layers.layers;
  assertEquals(layer instanceof DoConv2d && layer.W.shape, [2, 1, 11]);
});

Deno.test("a layer with its own kind of convolution does not follow the model's", () => {
  const own = { outChannels: 2, kernelSize: 3 };
  const { layers: { layers } } = buildLayers(
    [
      { convolution: { ...own, convolution: "conv" } },
      { convolution: { ...own, convolution: { name: "do_conv", depthMultiplier: 12 } } },
    ],
    [1, 5, 5],
    { convolution: (options) => new DoConv2d(options) },
  );
  assert(layers[0] instanceof Conv2d);
  assert(layers[1] instanceof DoConv2d);
  assertEquals(layers[1].W.shape, [2, 2, 12]);
});

Deno.test("layers in blocks are named by position", () => {
  const { layers } = buildLayers([{ branches: [["relu"], []] }, { residual: ["tanh"] }], [2, 5, 5]);
  assertEquals([...layers.namedModules().keys()], ["", "0", "0.0", "0.0.0", "0.1", "1", "1.0"]);
});

Deno.test("errors in a list of layers give their place", () => {
  const shape = { outChannels: 1, kernelSize: 3 };
  const cases: [LayerSpec[], string, OptionPath?][] = [
    [
      ["relu", "relux" as LayerName],
      'layer 1 (relux): there is no layer "relux"; did you mean "relu"?',
    ],
    [["relu", { linear: { outFeatures: 3 } }], "layer 1 (linear): its input has shape [2, 5, 5]"],
    [["flatten", { conv2d: { outChannels: 1, kernelSize: 1 } }], "layer 1 (conv2d): its input"],
    [[{ conv2d: { outChannels: 1, kernelSize: 7 } }], "layer 0 (conv2d): "],
    [
      [{ residual: ["relu", "relux" as LayerName] }],
      'layer 0 (residual): layer 1 (relux): there is no layer "relux"; did you mean "relu"?',
      [0, "residual", 1],
    ],
    [
      [{ branches: [["relu"], [{ dropout: { p: 1 } }]] }],
      "layer 0 (branches): layer 0 (dropout): options: p: found 1",
      [0, "branches", 1, 0, "dropout", "p"],
    ],
    [
      [{ residual: [{ conv2d: { outChannels: 3, kernelSize: 1 } }] }],
      "a residual block gives [3, 5, 5] and [2, 5, 5] for one image, which cannot be added",
    ],
    [
      ["relu", { branches: [["relu"], "relu"] } as never],
      'layer 1 (branches): found "relu", expected a list of layers, such as [relu]',
      [1, "branches", 1],
    ],
    [[{ residula: ["relu"] } as never], 'did you mean "residual"?'],
    [[{ relu: {}, tanh: {} }], "layer 0 has 2 names (relu, tanh)"],
    [
      [{ concat: [["relu"], ["flatten"]] }],
      "layer 0 (concat): concat: operand 2 has shape [1, 50], the first one [1, 2, 5, 5]",
    ],
    [
      ["tanh", { dropout: { p: 1 } }],
      "layer 1 (dropout): options: p: found 1, expected a number",
      [1, "dropout", "p"],
    ],
    [
      [{ convolution: { ...shape, convolution: { name: "do_conv", depthMultiplier: 8 } } }],
      "layer 0 (convolution): DoConv2d: depthMultiplier is 8",
      [0, "convolution", "convolution", "depthMultiplier"],
    ],
  ];
  for (const [specs, message, at] of cases) {
    const error = assertThrows(() => buildLayers(specs, [2, 5, 5]), InputError, message);
    assertEquals(error.at, at ?? [specs.length - 1]);
  }
});
