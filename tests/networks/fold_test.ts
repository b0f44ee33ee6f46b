import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { InputError, RunError } from "../../errors.ts";
import { Parameter } from "../../graph/parameter.ts";
import type { Value } from "../../graph/types.ts";
import { Module } from "../../layers/module.ts";
import { buildModel } from "../../models/registry.ts";
import { compareLogits, foldModel, verifyFold } from "../../networks/fold.ts";
import { type NetworkDescription, networkProgram } from "../../networks/network.ts";
import { readFoldedNetwork, writeFoldedNetwork } from "../../networks/network_file.ts";
import { add } from "../../ops/add.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { globalAvgPool2d } from "../../ops/global_avg_pool2d.ts";
import { matmul } from "../../ops/matmul.ts";
import { flatten, reshape } from "../../ops/reshape.ts";
import { disturb } from "../support/disturb.ts";

const description: NetworkDescription = {
  model: "layers",
  input: { height: 9, width: 8, channels: 3 },
  normalization: { mean: [0.5, 0.4, 0.3], std: [0.2, 0.3, 0.25] },
  classNames: ["a", "b", "c", "d"],
};

function smallNetwork(): Module {
  const model = buildModel("layers", {
    classes: 4,
    inputChannels: 3,
    inputSize: [9, 8],
    convolution: "do_conv",
    layers: [
      { convolution: { outChannels: 4, kernelSize: 3, padding: 1 } },
      "batch_norm2d",
      "relu",
      { convolution: { outChannels: 4, kernelSize: 3, stride: 2, groups: 2, bias: false } },
      "global_avg_pool2d",
      "flatten",
    ],
  });
  model.initialize(3);
  return disturb(model);
}

const pixels = Uint8Array.from({ length: 5 * 9 * 8 * 3 }, (_, i) => (i * 73) % 256);

Deno.test("a folded DO-Conv network is a plain network that computes the same function", async () => {
  const model = smallNetwork();
  const network = foldModel(model, description);
  const names = [...network.tensors.keys()];
  assert(names.includes("0.weight") && names.includes("3.weight"), names.join());
  assert(!names.some((name) => name.endsWith(".W") || name.endsWith(".D")), names.join());
  assert(!network.program.nodes.some(({ op }) => op === "composeKernel"));
  const verification = await verifyFold(model, network, referenceBackend(), pixels);
  assert(verification.maxRelativeDifference < 1e-6);
  assertEquals([verification.top1Agreement, verification.count], [1, 5]);
});

Deno.test("batch norms fold into convolutions and leave no tensor behind", async () => {
  const model = smallNetwork();
  const network = foldModel(model, description, { batchNorm: true });
  assertEquals([...network.tensors.keys()], ["0.weight", "0.bias", "3.weight"]);
  assert(!network.program.nodes.some(({ op }) => op === "channelNormalize"));
  const verification = await verifyFold(model, network, referenceBackend(), pixels);
  assert(verification.maxRelativeDifference < 1e-6);
});

Deno.test("a folded file can be run without its model, at any batch size", async () => {
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    await writeFoldedNetwork(path, foldModel(smallNetwork(), description));
    const network = await readFoldedNetwork(path);
    assertEquals(network.description, description);
    const run = async (batchSize: number) => {
      const executable = await referenceBackend().compile([networkProgram(network, batchSize)]);
      const batch = pixels.slice(0, batchSize * 9 * 8 * 3);
      return (await executable.run("infer", { pixels: batch })).logits;
    };
    assertEquals([...(await run(5)).slice(0, 4)], [...await run(1)]);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("an unknown kind of kernel folds without code of its own", () => {
  class LowRankConv extends Module {
    readonly weight = new Parameter([4, 3, 3, 3]);
    readonly u = new Parameter([4, 2]);
    readonly v = new Parameter([2, 27]);
    forward(x: Value): Value {
      const kernel = add(this.weight, reshape(matmul(this.u, this.v), [4, 3, 3, 3]));
      return flatten(globalAvgPool2d(conv2d(x, kernel)));
    }
  }
  class Net extends Module {
    readonly conv = disturb(new LowRankConv());
    forward(x: Value): Value {
      return this.conv.call(x);
    }
  }
  const model = new Net();
  const { tensors } = foldModel(model, description);
  assertEquals([...tensors.keys()], ["conv.weight"]);
  const { weight, u, v } = model.conv as LowRankConv;
  const expected = weight.data[5] + u.data[0] * v.data[5] + u.data[1] * v.data[32];
  assertEquals(tensors.get("conv.weight")!.data[5], Math.fround(expected));
});

Deno.test("a fold that changes the function is refused", async () => {
  const model = smallNetwork();
  const network = foldModel(model, description);
  model.namedParameters().get("0.D")!.data[0] += 1;
  await assertRejects(
    () => verifyFold(model, network, referenceBackend(), pixels),
    RunError,
    "an op's linearMap or a folding rule is wrong",
  );
});

Deno.test("class names and pixels that do not fit a network are refused", async () => {
  const model = smallNetwork();
  const classNames = ["a"];
  assertThrows(
    () => foldModel(model, { ...description, classNames }),
    InputError,
    "found 1 class names, expected 4",
  );
  const network = foldModel(model, description);
  for (const length of [0, 10]) {
    await assertRejects(
      () => verifyFold(model, network, referenceBackend(), pixels.subarray(0, length)),
      InputError,
      "expected images of 9x8x3",
    );
  }
});

Deno.test("NaN logits are never equal", () => {
  const numbers = Float32Array.of(1, 2, 3, 4);
  const holed = Float32Array.of(NaN, 2, 3, 4);
  for (const [a, b] of [[numbers, holed], [holed, numbers], [holed, holed]]) {
    assertEquals(compareLogits(a, b, 2).maxRelativeDifference, Infinity);
  }
  assertEquals(compareLogits(numbers, numbers, 2).maxRelativeDifference, 0);
});

Deno.test("networks with independent classes are compared by decision", () => {
  const a = Float32Array.of(2, -1, 0.5, 3);
  const b = Float32Array.of(1, -2, -0.5, 3);
  const logits = compareLogits(a, b, 2, { threshold: 0 });
  assertEquals([logits.decisionAgreement, logits.top1Agreement], [3 / 4, undefined]);
  assertEquals(compareLogits(a, b, 2, { threshold: 2.5 }).decisionAgreement, 1);
  assertEquals(compareLogits(a, b, 2).top1Agreement, 1);
});

Deno.test("an empty file is refused as a folded network", async () => {
  const path = await Deno.makeTempFile();
  try {
    await assertRejects(() => readFoldedNetwork(path), InputError, path);
  } finally {
    await Deno.remove(path);
  }
});
