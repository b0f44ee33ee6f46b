import { assert, assertEquals, assertRejects } from "@std/assert";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { InputError, RunError } from "../../errors.ts";
import { loadOnnxProto } from "../../files/protobuf.ts";
import type { LayerSpec } from "../../layers/registry.ts";
import { buildModel, type BuildOptions } from "../../models/registry.ts";
import { foldModel } from "../../networks/fold.ts";
import { type FoldedNetwork, networkProgram } from "../../networks/network.ts";
import { encodeOnnx, type OnnxOptions } from "../../onnx/export.ts";
import { verifyOnnx } from "../../onnx/verify.ts";
import { pair } from "../../ops/conv2d.ts";
import { disturb } from "../support/disturb.ts";
import { hasRuntime, inRuntime } from "../support/onnx_runtime.ts";

const COUNT = 3;

/** A folded network with random weights on small images, and images for it. */
function network(name: string, options: Partial<BuildOptions> = {}) {
  const [channels, classes] = [3, 4];
  const [height, width] = pair(options.inputSize ?? [12, 11]);
  const model = buildModel(name, {
    classes,
    inputSize: [height, width],
    convolution: "do_conv",
    ...options,
  });
  model.initialize(5);
  const folded = foldModel(disturb(model), {
    model: name,
    input: { height, width, channels },
    normalization: { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.25] },
    classNames: ["ant", "bee", "cat", "dog"],
  });
  const length = COUNT * height * width * channels;
  return { folded, pixels: Uint8Array.from({ length }, (_, i) => (i * i * 73) % 251) };
}

async function assertSameInRuntime(
  { folded, pixels }: ReturnType<typeof network>,
  options: OnnxOptions = {},
  tolerance = 1e-5,
): Promise<void> {
  const file = await encodeOnnx(folded, options);
  const compared = {
    description: folded.description,
    program: (batchSize: number) => networkProgram(folded, batchSize),
  };
  const found = await verifyOnnx(file, compared, referenceBackend(), pixels, options);
  assert(found.maxRelativeDifference <= tolerance, `${found.maxRelativeDifference}`);
  assertEquals(found.top1Agreement, 1);
}

async function decode(folded: FoldedNetwork, options?: OnnxOptions) {
  const { ModelProto } = await loadOnnxProto();
  const { graph, metadataProps, opsetImport } = ModelProto.decode(
    await encodeOnnx(folded, options),
  );
  return {
    ops: graph?.node?.map(({ opType }) => opType) ?? [],
    names: graph?.initializer?.map(({ name }) => name) ?? [],
    inputs: graph?.input ?? [],
    outputs: graph?.output ?? [],
    metadata: Object.fromEntries(metadataProps.map(({ key, value }) => [key, value])),
    opset: Number(opsetImport[0].version),
  };
}

const LAYERS: readonly LayerSpec[] = [
  { convolution: { outChannels: 4, kernelSize: 3, padding: 2, paddingMode: "reflect" } },
  "tanh",
  {
    convolution: {
      outChannels: 8,
      kernelSize: 3,
      padding: [1, 2],
      dilation: 2,
      groups: 2,
      paddingMode: "circular",
    },
  },
  "batch_norm2d",
  "relu",
  { max_pool2d: { kernelSize: 3, stride: 2, padding: 1, ceilMode: true } },
  { convolution: { outChannels: 4, kernelSize: 3, padding: 1, paddingMode: "replicate" } },
  { avg_pool2d: { kernelSize: 3, stride: 2, padding: 1, ceilMode: true } },
  "batch_norm2d",
  { avg_pool2d: { kernelSize: 2, stride: 1, padding: 1, countIncludePad: false } },
  { max_pool2d: { kernelSize: 2, dilation: 3, padding: 1, ceilMode: true } },
  { adaptive_avg_pool2d: { outputSize: [3, 2] } },
  "flatten",
  { linear: { outFeatures: 4 } },
];

Deno.test("an ONNX file states its temperature and gives probabilities of the divided logits", async () => {
  const { folded, pixels } = network("layers", { layers: LAYERS });
  const description = { ...folded.description, temperature: 1.75 };
  const calibrated = { ...folded, description };
  const plain = await decode(folded);
  const raw = await decode(calibrated);
  assertEquals([plain.metadata.temperature, raw.metadata.temperature], [undefined, "1.75"]);
  assertEquals(raw.ops, plain.ops);
  if (!hasRuntime) return;
  await assertSameInRuntime({ folded: calibrated, pixels });
  await assertSameInRuntime({ folded: calibrated, pixels }, { includePreprocessing: true });
});

Deno.test("an ONNX file has a dynamic batch size and metadata", async () => {
  const { folded } = network("layers", { layers: LAYERS });
  const { inputs, outputs, metadata, opset } = await decode(folded);
  const extents = (value: typeof inputs[0]) =>
    value.type?.tensorType?.shape?.dim?.map(({ dimParam, dimValue }) =>
      dimParam || Number(dimValue)
    );
  assertEquals([inputs[0].name, extents(inputs[0])], ["input", ["N", 3, 12, 11]]);
  assertEquals([outputs[0].name, extents(outputs[0])], ["logits", ["N", 4]]);
  assertEquals(opset, 17);
  assertEquals(JSON.parse(metadata.class_names), folded.description.classNames);
  assertEquals(JSON.parse(metadata.normalization), folded.description.normalization);
  assertEquals(JSON.parse(metadata.input), folded.description.input);
});

Deno.test("an ONNX file of a network for several classes per image has a sigmoid", async () => {
  const { folded } = network("layers", { layers: ["flatten", { linear: { outFeatures: 4 } }] });
  const several = {
    ...folded,
    description: { ...folded.description, activation: "sigmoid" },
  } as const;
  const { ops, metadata } = await decode(several, { includePreprocessing: true });
  assertEquals(ops.filter((op) => op === "Sigmoid" || op === "Softmax"), ["Sigmoid"]);
  assertEquals(metadata.activation, "sigmoid");
  assertEquals((await decode(folded)).metadata.activation, undefined);
});

Deno.test("an ONNX file contains plain kernels by name, with batch norms folded by default", async () => {
  const { folded } = network("cifar_resnet20_v1", { width: 4 });
  const { ops, names } = await decode(folded);
  assert(!ops.includes("BatchNormalization"));
  assert(names.includes("layer1.0.conv1.weight") && names.includes("layer1.0.conv1.bias"));
  const unfolded = await decode(folded, { batchNorm: false });
  assert(unfolded.ops.includes("BatchNormalization"));
  assert(unfolded.names.includes("layer1.0.bn1.running_mean"));
});

Deno.test("a network whose normalization differs from its description needs the preprocessing included", async () => {
  const { folded } = network("cifar_resnet20_v1", { width: 4 });
  const { mean } = folded.description.normalization;
  const description = { ...folded.description, normalization: { mean, std: [1, 1, 1] } };
  await assertRejects(
    () => encodeOnnx({ ...folded, description }),
    InputError,
    "normalizes with the std 0.2,0.3,0.25, but its description has 1,1,1; export it with the preprocessing",
  );
  await encodeOnnx({ ...folded, description }, { includePreprocessing: true });
});

Deno.test("a weight too large for f16 is refused by name", async () => {
  const { folded } = network("layers", { layers: ["flatten", { linear: { outFeatures: 4 } }] });
  const weight = folded.tensors.get("1.weight");
  assert(weight?.data instanceof Float32Array);
  weight.data[0] = 1e5;
  await assertRejects(() => encodeOnnx(folded, { dtype: "f16" }), InputError, "1.weight");
});

Deno.test(
  "every layer gives the same result in ONNX Runtime, at several batch sizes",
  inRuntime,
  async () => {
    const { folded, pixels } = network("layers", { layers: LAYERS });
    await assertSameInRuntime({ folded, pixels });
    await assertSameInRuntime({ folded, pixels: pixels.slice(0, pixels.length / COUNT) });
    await assertSameInRuntime({ folded, pixels }, { batchNorm: false });
  },
);

Deno.test("blocks and gates give the same result in ONNX Runtime", inRuntime, async () => {
  await assertSameInRuntime(network("layers", {
    layers: [
      {
        residual: [
          { convolution: { outChannels: 3, kernelSize: 3, padding: 1 } },
          "batch_norm2d",
          { squeeze_excitation: { squeezeChannels: 2, scaleActivation: "hard_sigmoid" } },
          { layer_scale: { initValues: 0.5 } },
          { stochastic_depth: { p: 0.1 } },
        ],
      },
      { branches: [["relu"], [{ dropout2d: { p: 0.1 } }]] },
      { concat: [["relu"], [], ["tanh"], [{ conv2d: { outChannels: 1, kernelSize: 1 } }]] },
      { channel_shuffle: { groups: 5 } },
      "layer_norm2d",
      { group_norm: { groups: 5 } },
      "flatten",
      { linear: { outFeatures: 4 } },
      { prelu: { perChannel: true } },
    ],
  }));
});

Deno.test("activations that ONNX has are written as its ops", async () => {
  const { folded } = network("layers", {
    layers: [
      ...["relu6", "leaky_relu", "elu", "sigmoid", "hard_sigmoid", "hard_swish", "prelu"] as const,
      ...["gelu", "flatten", { linear: { outFeatures: 4 } }] as const,
    ],
  });
  const { ops } = await decode(folded);
  for (
    const op of ["Clip", "LeakyRelu", "Elu", "Sigmoid", "HardSigmoid", "HardSwish", "PRelu", "Erf"]
  ) {
    assert(ops.includes(op), op);
  }
});

for (
  const [name, options] of [
    ["cifar_resnet20_v1", { width: 4 }],
    ["cifar_resnet20_v2", { width: 4 }],
    ["resnet18", { width: 4 }],
    ["shufflenet_v2_x1_0", { width: 8 }],
    ["convnext_tiny", { width: 4, layerScale: 0.5, inputSize: 32 }],
    ["resnet50", { width: 4 }],
  ] as const
) {
  Deno.test(`${name} gives the same result in ONNX Runtime`, inRuntime, async () => {
    const made = network(name, options);
    await assertSameInRuntime(made);
    await assertSameInRuntime(made, { includePreprocessing: true });
    await assertSameInRuntime(made, { dtype: "f16" }, 1e-2);
  });
}

Deno.test("a file whose numbers differ from the network's is refused", inRuntime, async () => {
  const { folded, pixels } = network("cifar_resnet20_v1", { width: 4 });
  const file = await encodeOnnx(folded);
  const { folded: other } = network("cifar_resnet20_v2", { width: 4 });
  const compared = {
    description: folded.description,
    program: (batchSize: number) => networkProgram(other, batchSize),
  };
  await assertRejects(
    () => verifyOnnx(file, compared, referenceBackend(), pixels),
    RunError,
    "in ONNX Runtime the exported network differs",
  );
});
