import { assert, assertEquals, assertThrows } from "@std/assert";
import { cpuBackend } from "../../backends/wasm/mod.ts";
import { InputError } from "../../errors.ts";
import { constantOp } from "../../graph/leaves.ts";
import { Parameter } from "../../graph/parameter.ts";
import { foldConstants } from "../../graph/passes/mod.ts";
import { output, trace } from "../../graph/trace.ts";
import type { Value } from "../../graph/types.ts";
import { Conv2d } from "../../layers/conv2d.ts";
import { type Conv2dOptions, kernelShape } from "../../layers/convolution_options.ts";
import { convolutionFactory, recognizeConvolution } from "../../layers/convolutions.ts";
import { DoConv2d } from "../../layers/do_conv2d.ts";
import { kaimingNormal } from "../../layers/init.ts";
import { Module } from "../../layers/module.ts";
import { inferenceProgram } from "../../models/inference.ts";
import { buildModel, type BuildOptions, listModels } from "../../models/registry.ts";
import { add } from "../../ops/add.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { adoptState } from "../../weights/import.ts";
import { disturb } from "../support/disturb.ts";
import { narrowOptions } from "../support/narrow_model.ts";
import { runModule } from "../support/run_module.ts";

/** A kind that the registry does not have: the sum of two kernels. */
class SumConv2d extends Module {
  readonly first: Parameter;
  readonly second: Parameter;

  constructor(readonly options: Conv2dOptions) {
    super();
    const shape = kernelShape(options);
    const initialize = options.initialize ?? kaimingNormal;
    this.first = new Parameter(shape, { initialize: (data, r) => initialize(data, shape, r) });
    this.second = new Parameter(shape);
  }

  forward(x: Value): Value {
    return conv2d(x, add(this.first, this.second), undefined, this.options);
  }
}

const sum = (options: Conv2dOptions) => new SumConv2d(options);
const FORMAT = {
  input: { height: 32, width: 32, channels: 3 },
  normalization: { mean: [0, 0, 0], std: [1, 1, 1] },
};

function build(name: string, convolution: BuildOptions["convolution"]): Module {
  const layers = [
    { convolution: { outChannels: 4, kernelSize: 3, bias: false } },
    "global_avg_pool2d",
    "flatten",
  ];
  const own = name === "layers" ? { layers } : narrowOptions(name);
  const model = buildModel(name, { classes: 4, convolution, ...own });
  model.initialize(1);
  return model;
}

for (const name of listModels()) {
  Deno.test(`a custom kind of convolution works in ${name} and folds to a plain one`, () => {
    const model = build(name, sum);
    const kernels = [...model.namedModules()].filter(([, layer]) => layer instanceof SumConv2d);
    const plain = build(name, "conv").namedParameters();
    const { nodes } = foldConstants(inferenceProgram(model, FORMAT, 1));
    const constants = new Set(
      nodes.filter(({ op }) => op === constantOp).map(({ attributes }) => attributes.name),
    );
    assert(kernels.length > 0);
    for (const [path] of kernels) {
      assert(plain.has(`${path}.weight`), path);
      assert(constants.has(`${path}.weight`), path);
    }
    assertEquals([...constants].filter((name) => /\.(first|second)$/.test(name)), []);
  });
}

Deno.test("a custom kind computes the same folded and unfolded", async () => {
  const model = disturb(build("cifar_resnet20_v2", sum));
  const folded = build("cifar_resnet20_v2", "conv");
  const { nodes } = foldConstants(trace({ name: "fold" }, () => {
    for (const [path, layer] of model.namedModules()) {
      if (layer instanceof SumConv2d) output(path, add(layer.first, layer.second));
    }
  }));
  const kernels = nodes.filter(({ op }) => op === constantOp).map(({ attributes }) =>
    attributes.data
  );
  const state = new Map(
    [...folded.namedParameters()].map(([name, { shape }]) => {
      const data = model.namedParameters().get(name)?.data ?? kernels.shift();
      return [name, { shape, data }] as const;
    }),
  );
  folded.loadStateDict(state);
  const run = (module: Module) =>
    runModule(module, [1, 3, 8, 8], { backend: cpuBackend({ threads: 1 }) });
  assertEquals(await run(folded), await run(model));
});

Deno.test("DO-Conv leaves 1x1 kernels plain", () => {
  const shape = { inChannels: 2, outChannels: 2 };
  const doConv = convolutionFactory({ name: "do_conv", depthMultiplier: 10 });
  const layer = doConv({ ...shape, kernelSize: 3 });
  assert(layer instanceof DoConv2d);
  assertEquals(layer.W.shape, [2, 2, 10]);
  assert(doConv({ ...shape, kernelSize: 1 }) instanceof Conv2d);
  assert(convolutionFactory("conv")({ ...shape, kernelSize: 3 }) instanceof Conv2d);
});

Deno.test("a kind's own options are checked, and errors give their place", () => {
  const shape = { inChannels: 1, outChannels: 1, kernelSize: 3 };
  const cases: [() => unknown, string, string][] = [
    [() => convolutionFactory({ name: "do_con" }, ["c"]), 'did you mean "do_conv"?', "c.name"],
    [
      () => convolutionFactory({ name: "do_conv", depth: 9 } as { name: "do_conv" }, ["c"]),
      'convolution do_conv: depth: unknown key; did you mean "depthMultiplier"?',
      "c.depth",
    ],
    [
      () => convolutionFactory({ name: "do_conv", depthMultiplier: 8 }, ["c"])(shape),
      "at least 9",
      "c.depthMultiplier",
    ],
  ];
  for (const [work, message, at] of cases) {
    assertEquals(assertThrows(work, InputError, message).at?.join("."), at);
  }
});

Deno.test("a file's kind of convolution is recognized by tensor names", () => {
  assertEquals(recognizeConvolution(["conv1.weight", "fc.weight"]), "conv");
  assertEquals(recognizeConvolution(["conv1.W", "conv1.D", "fc.weight"]), "do_conv");
  assertEquals(recognizeConvolution(["conv1.W", "conv1.D", "conv1.d_diag"]), {
    name: "do_conv",
    pairing: "authors",
  });
});

Deno.test("the authors' d_diag is accepted if it has D's shape", () => {
  const layer = new DoConv2d({ inChannels: 2, outChannels: 1, kernelSize: 3, bias: false });
  const adopt = (shape: number[]) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b));
    const tensors = new Map([...layer.stateDict(), ["d_diag", { shape, data }] as const]);
    adoptState(layer, { path: "some.file", tensors });
  };
  adopt([2, 9, 9]);
  assertThrows(() => adopt([2, 9, 12]), InputError, "unexpected: d_diag [2, 9, 12]");
});
