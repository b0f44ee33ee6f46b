import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { Parameter } from "../../graph/parameter.ts";
import { input, trace } from "../../graph/trace.ts";
import type { Value } from "../../graph/types.ts";
import { ReLU } from "../../layers/activations.ts";
import { BatchNorm2d } from "../../layers/batch_norm2d.ts";
import { Conv2d } from "../../layers/conv2d.ts";
import { Linear } from "../../layers/linear.ts";
import { Module, type StateTensor } from "../../layers/module.ts";
import { Sequential } from "../../layers/sequential.ts";
import { buildModel } from "../../models/registry.ts";
import { flatten } from "../../ops/reshape.ts";

class Net extends Module {
  readonly layer1 = [
    new Conv2d({ inChannels: 1, outChannels: 2, kernelSize: 3 }),
    new Sequential(new BatchNorm2d(2), new ReLU()),
  ];
  readonly fcOut = new Linear(8, 2);
  readonly scale = new Parameter([1], { role: "norm" });
  readonly label = "ignored";

  forward(x: Value): Value {
    return this.fcOut.call(flatten(this.layer1.reduce((y, layer) => layer.call(y), x)));
  }
}

const NAMES = [
  "scale",
  "layer1.0.weight",
  "layer1.0.bias",
  "layer1.1.0.weight",
  "layer1.1.0.bias",
  "layer1.1.0.running_mean",
  "layer1.1.0.running_var",
  "layer1.1.0.num_batches_tracked",
  "fc_out.weight",
  "fc_out.bias",
];

Deno.test("parameters are found in fields, arrays and modules, in PyTorch's order and with its names", () => {
  const net = new Net();
  assertEquals([...net.namedParameters().keys()], NAMES);
  assertEquals(net.fcOut.weight.name, "fc_out.weight");
  assertEquals([...net.namedModules().keys()], [
    "",
    "layer1.0",
    "layer1.1",
    "layer1.1.0",
    "layer1.1.1",
    "fc_out",
  ]);
});

Deno.test("a module in two places is counted once, under its first name", () => {
  const shared = new Linear(2, 2, { bias: false });
  assertEquals([...new Sequential(shared, shared).namedParameters().keys()], ["0.weight"]);
});

Deno.test("nodes remember the path of the module that recorded them", () => {
  const { nodes } = trace({ name: "test" }, () => {
    new Net().call(input("x", [1, 1, 4, 4]));
  });
  const scopeOf = (name: string) => nodes.find(({ op }) => op.name === name)?.scope;
  assertEquals(scopeOf("conv2d"), "layer1.0");
  assertEquals(scopeOf("channelNormalize"), "layer1.1.0");
  assertEquals(scopeOf("relu"), "layer1.1.1");
  assertEquals(scopeOf("linear"), "fc_out");
});

Deno.test("a shape error names the layer", () => {
  assertThrows(
    () => trace({ name: "test" }, () => new Net().call(input("x", [1, 3, 4, 4]))),
    InputError,
    "layer1.0: conv2d",
  );
});

Deno.test("a state dict loads into another model, and is a copy", () => {
  const [a, b] = [new Net(), new Net()];
  a.initialize(1);
  const state = a.stateDict();
  b.loadStateDict(state);
  assertEquals(b.stateDict(), state);
  a.fcOut.weight.data.fill(9);
  assertEquals(b.stateDict(), state);
});

Deno.test("loading lists every tensor that does not fit, and changes nothing", () => {
  const net = new Net();
  net.initialize(1);
  const before = net.stateDict();
  const tensors = new Map<string, StateTensor>([
    ...[...before].map(([name, { shape }]) =>
      [name, { shape: [...shape], data: new Float32Array(before.get(name)!.data.length) }] as const
    ),
    ["fc_out.weight", { shape: [8, 2], data: new Float32Array(16) }],
    ["extra", { shape: [], data: new Float32Array(1) }],
  ]);
  tensors.delete("scale");
  const error = assertThrows(() => net.loadStateDict(tensors), InputError);
  for (
    const line of [
      "3 problems",
      "missing: scale [1]",
      "unexpected: extra []",
      "wrong shape: fc_out.weight is [8, 2], the model has [2, 8]",
    ]
  ) {
    assertEquals(error.message.includes(line), true, `${line} in ${error.message}`);
  }
  assertEquals(net.stateDict(), before);
});

Deno.test("of very many tensors that do not fit, some are listed and all are counted", () => {
  const names = Array.from({ length: 40 }, (_, i): [string, StateTensor] => [
    `extra${i}.`,
    { shape: [1], data: [0] },
  ]);
  const error = assertThrows(
    () => new Net().loadStateDict(new Map([...new Net().stateDict(), ...names])),
    InputError,
    "(40 problems)",
  );
  assertStringIncludes(error.message, "unexpected: extra19. [1]\n  and 20 more\n");
});

Deno.test("without strict, only shapes must fit", () => {
  const net = new Net();
  net.loadStateDict(
    new Map([["scale", { shape: [1], data: [3] }], ["extra", { shape: [], data: [1] }]]),
    { strict: false },
  );
  assertEquals([...net.scale.data], [3]);
  assertThrows(
    () => net.loadStateDict(new Map([["scale", { shape: [2], data: [3, 4] }]]), { strict: false }),
    InputError,
    "wrong shape: scale",
  );
});

Deno.test("a batch counter stored as 64-bit integers loads", () => {
  const norm = new BatchNorm2d(1);
  const tensors = new Map(norm.stateDict());
  norm.loadStateDict(
    new Map<string, StateTensor>([
      ...tensors,
      ["num_batches_tracked", { shape: [], data: BigInt64Array.of(7n) }],
    ]),
  );
  assertEquals([...norm.numBatchesTracked.data], [7]);
});

Deno.test("initial values depend only on the seed and the module's path", () => {
  const [a, b, c] = [new Net(), new Net(), new Net()];
  a.initialize(1);
  b.initialize(1);
  c.initialize(2);
  assertEquals(a.stateDict(), b.stateDict());
  assertEquals(a.fcOut.weight.data[0] === c.fcOut.weight.data[0], false);
  const alone = new Sequential(new Linear(8, 2));
  const shifted = new Sequential(new Linear(8, 2), new Linear(8, 2));
  alone.initialize(1);
  shifted.initialize(1);
  assertEquals(alone.stateDict().get("0.weight"), shifted.stateDict().get("0.weight"));
  assertEquals(
    shifted.stateDict().get("0.weight")?.data[0] === shifted.stateDict().get("1.weight")?.data[0],
    false,
  );
});

Deno.test("a model with huge sizes can be built, and weights refused, without allocating memory", () => {
  const model = buildModel("do_conv_net", { classes: 3, width: 2 ** 40, convolution: "do_conv" });
  const tensors = new Map([["conv1.W", { shape: [2, 3, 9], data: new Float32Array(54) }]]);
  assertThrows(
    () => model.loadStateDict(tensors),
    InputError,
    "conv1.W is [2, 3, 9], the model has [1099511627776, 3, 9]",
  );
});
