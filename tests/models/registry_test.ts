import { assertEquals, assertThrows } from "@std/assert";
import { InputError, type OptionPath } from "../../errors.ts";
import { input, trace } from "../../graph/trace.ts";
import type { Module } from "../../layers/module.ts";
import { buildModel, type BuildOptions, listModels } from "../../models/registry.ts";
import { narrowOptions } from "../support/narrow_model.ts";

const LAYERS = ["flatten", { linear: { outFeatures: 10 } }] as const;

function parameterCount(model: Module): number {
  return [...model.namedParameters().values()]
    .filter(({ trainable }) => trainable)
    .reduce((sum, { data }) => sum + data.length, 0);
}

for (const name of listModels()) {
  Deno.test(`${name} gives one logit per class, plain and with DO-Conv`, () => {
    for (const convolution of ["conv", "do_conv"] as const) {
      const own = name === "layers" ? { layers: LAYERS } : narrowOptions(name);
      const model = buildModel(name, { classes: 10, convolution, ...own });
      trace({ name: "test" }, () => {
        assertEquals(model.call(input("x", [2, 3, 32, 32])).shape, [2, 10]);
      });
    }
  });
}

/** torchvision's documented counts for 1000 classes; He et al.'s CIFAR networks with projections. */
const COUNTS: [string, BuildOptions, number][] = [
  ["resnet18", { classes: 1000 }, 11_689_512],
  ["resnet34_v1", { classes: 1000 }, 21_797_672],
  ["resnet50_v1b", { classes: 1000 }, 25_557_032],
  ["resnet50", { classes: 1000, groups: 32, widthPerGroup: 4 }, 25_028_904],
  ["resnet50", { classes: 1000, widthPerGroup: 128 }, 68_883_240],
  ["resnet101", { classes: 1000 }, 44_549_160],
  ["resnet152", { classes: 1000 }, 60_192_808],
  ["resnext50_32x4d", { classes: 1000 }, 25_028_904],
  ["resnext101_32x8d", { classes: 1000 }, 88_791_336],
  ["wide_resnet50_2", { classes: 1000 }, 68_883_240],
  ["wide_resnet101_2", { classes: 1000 }, 126_886_696],
  ["vgg11_bn", { classes: 1000 }, 132_868_840],
  ["vgg13_bn", { classes: 1000 }, 133_053_736],
  ["vgg16_bn", { classes: 1000 }, 138_365_992],
  ["vgg19_bn", { classes: 1000 }, 143_678_248],
  ["convnext_tiny", { classes: 1000 }, 28_589_128],
  ["convnext_small", { classes: 1000 }, 50_223_688],
  ["convnext_base", { classes: 1000 }, 88_591_464],
  ["convnext_large", { classes: 1000 }, 197_767_336],
  ["densenet121", { classes: 1000 }, 7_978_856],
  ["densenet161", { classes: 1000 }, 28_681_000],
  ["densenet169", { classes: 1000 }, 14_149_480],
  ["densenet201", { classes: 1000 }, 20_013_928],
  ["shufflenet_v2_x0_5", { classes: 1000 }, 1_366_792],
  ["shufflenet_v2_x1_0", { classes: 1000 }, 2_278_604],
  ["shufflenet_v2_x1_5", { classes: 1000 }, 3_503_624],
  ["shufflenet_v2_x2_0", { classes: 1000 }, 7_393_996],
  ["mobilenet_v2", { classes: 1000 }, 3_504_872],
  ["mobilenet_v3_small", { classes: 1000 }, 2_542_856],
  ["mobilenet_v3_large", { classes: 1000 }, 5_483_032],
  ["efficientnet_b0", { classes: 1000 }, 5_288_548],
  ["efficientnet_b1", { classes: 1000 }, 7_794_184],
  ["efficientnet_b2", { classes: 1000 }, 9_109_994],
  ["mobilenet_v1", { classes: 1000 }, 4_231_976],
  ["cifar_wide_resnet28_10", { classes: 10 }, 36_479_194],
  ["cifar_wide_resnet16_4", { classes: 10 }, 2_748_890],
  ["cifar_resnet20_v1", { classes: 10 }, 269_722 + 2_752],
  ["cifar_resnet56_v1", { classes: 10 }, 853_018 + 2_752],
  ["cifar_resnet110_v1", { classes: 10 }, 1_727_962 + 2_752],
  ["do_conv_net", { classes: 10 }, 1_550_976 + 2048 * 1024 + 1024 + 1024 * 10 + 10],
];

for (const [name, options, count] of COUNTS) {
  Deno.test(`${name} ${JSON.stringify(options)} has ${count} parameters`, () => {
    assertEquals(parameterCount(buildModel(name, options)), count);
  });
}

Deno.test("zeroInitResidual makes blocks start as identity: the last batch norm's scale is 0", () => {
  for (const [name, last] of [["resnet18", "bn2"], ["resnet50_v1", "bn3"]]) {
    const model = buildModel(name, { classes: 3, width: 8, zeroInitResidual: true });
    model.initialize(0);
    for (const [path, { data }] of model.namedParameters()) {
      if (!/bn\d\.weight$/.test(path)) continue;
      assertEquals(data[0], path.startsWith("layer") && path.includes(last) ? 0 : 1, path);
    }
  }
});

Deno.test("state-dict names are torchvision's", () => {
  const names = (prefix: string, model: Module) =>
    [...model.namedParameters().keys()].filter((name) => name.startsWith(prefix));
  const norm = (name: string) =>
    ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
      .map((tensor) => `${name}.${tensor}`);
  const block = (path: string, convolutions: number) => [
    ...Array.from({ length: convolutions }, (_, i) => [
      `${path}.conv${i + 1}.weight`,
      ...norm(`${path}.bn${i + 1}`),
    ]).flat(),
    `${path}.downsample.0.weight`,
    ...norm(`${path}.downsample.1`),
  ];
  const resnet18 = buildModel("resnet18", { classes: 3, width: 4 });
  assertEquals(names("layer2.0.", resnet18), block("layer2.0", 2));
  assertEquals(names("layer1.0.downsample", resnet18), []);
  assertEquals(names("fc", resnet18), ["fc.weight", "fc.bias"]);
  assertEquals([...resnet18.namedParameters().keys()].slice(0, 6), [
    "conv1.weight",
    ...norm("bn1"),
  ]);
  const resnet50 = buildModel("resnet50", { classes: 3, width: 4 });
  assertEquals(names("layer1.0.", resnet50), block("layer1.0", 3));
});

/** Models that choose the kind of some convolutions themselves. */
const OWN_CHOICE = /^(do_conv_net|layers|rep_vgg_|mobile_one_)/;

Deno.test("with DO-Conv exactly the kernels above 1x1 have W and D, depthwise ones too", () => {
  for (const model of listModels().filter((name) => !OWN_CHOICE.test(name))) {
    const plain = buildModel(model, { classes: 3 }).namedParameters();
    const composed = buildModel(model, { classes: 3, convolution: "do_conv" }).namedParameters();
    for (const [name, { shape }] of plain) {
      if (shape.length !== 4) continue;
      const isPointwise = shape[2] * shape[3] === 1;
      const module = name.slice(0, -"weight".length);
      const found = ["weight", "W", "D"].map((tensor) => composed.has(module + tensor));
      assertEquals(found, [isPointwise, !isPointwise, !isPointwise], `${model}: ${name}`);
    }
  }
});

Deno.test("do_conv_net makes its first and third convolution DO-Conv", () => {
  const model = buildModel("do_conv_net", { classes: 3, width: 2, convolution: "do_conv" });
  assertEquals([...model.namedParameters().keys()].filter((name) => /\.(W|D|weight)$/.test(name)), [
    ...["conv1.W", "conv1.D", "conv2.weight", "conv3.W", "conv3.D", "conv4.weight"],
    ...["fc1.weight", "fc2.weight"],
  ]);
});

Deno.test("the same seed gives plain and DO-Conv networks the same kernels", () => {
  const options = { classes: 3, width: 4 } as const;
  const plain = buildModel("cifar_resnet20_v1", options);
  const composed = buildModel("cifar_resnet20_v1", { ...options, convolution: "do_conv" });
  plain.initialize(3);
  composed.initialize(3);
  const other = composed.stateDict();
  for (const [name, { data }] of plain.stateDict()) {
    const twin = other.get(name) ?? other.get(name.replace(/weight$/, "W"));
    assertEquals(twin?.data, data, name);
  }
});

Deno.test("errors say what was meant or expected", () => {
  const cases: [string, BuildOptions, string][] = [
    ["resnet19", { classes: 3 }, 'there is no model "resnet19"; did you mean "resnet18"?'],
    [
      "resnet18",
      { classes: 3, groups: 2 },
      "model resnet18: groups: unknown key; valid keys: width, zeroInitResidual",
    ],
    ["cifar_resnet20_v1", { classes: 3, stemRelu: true }, 'did you mean "stemReLU"?'],
    [
      "do_conv_net",
      { classes: 3, hidden: 0 },
      "model do_conv_net: hidden: found 0, expected an int",
    ],
    [
      "resnet18",
      { classes: 3, convolution: { name: "do_conv", pairing: "me" } as never },
      "pairing",
    ],
    ["do_conv_net", { classes: 3, inputSize: 15 }, "at least 16"],
    ["resnext50_32x4d", { classes: 3, width: 8 }, "at this width expected at least 8"],
    ["layers", { classes: 3, layers: ["flatten"] }, "the layers give [3072]"],
  ];
  for (const [name, options, message] of cases) {
    assertThrows(() => buildModel(name, options), InputError, message);
  }
});

Deno.test("invalid values from untyped code are refused with their place", () => {
  const cases: [name: unknown, options: unknown, message: string, at: OptionPath][] = [
    [undefined, { classes: 3 }, "model: found nothing, expected one of do_conv_net,", ["name"]],
    [3, { classes: 3 }, "model: found 3, expected one of do_conv_net,", ["name"]],
    ["resnt18", { classes: 3 }, 'did you mean "resnet18"?', ["name"]],
    ["resnet18", undefined, "classes: missing", ["classes"]],
    ["resnet18", null, "classes: missing", ["classes"]],
    ["layers", { classes: 3, layers: ["relu", () => 3] }, "layers.1: found ()", ["layers", 1]],
  ];
  for (const [name, options, message, at] of cases) {
    const build = () => buildModel(name as string, options as BuildOptions);
    assertEquals(assertThrows(build, InputError, message).at, at);
  }
});
