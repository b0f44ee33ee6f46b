import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { fromFileUrl } from "@std/path";
import { InputError } from "../../errors.ts";
import { Parameter } from "../../graph/parameter.ts";
import type { Value } from "../../graph/types.ts";
import { Conv2d } from "../../layers/conv2d.ts";
import type { Conv2dOptions } from "../../layers/convolution_options.ts";
import { Linear } from "../../layers/linear.ts";
import { Module, type StateTensor } from "../../layers/module.ts";
import { buildModel } from "../../models/registry.ts";
import { writeFoldedNetwork } from "../../networks/network_file.ts";
import { writeSafetensors } from "../../safetensors/file.ts";
import type { Tensor } from "../../safetensors/safetensors.ts";
import { authorsState } from "../../weights/export_authors.ts";
import { adoptState, readForeignState } from "../../weights/import.ts";
import { disturb } from "../support/disturb.ts";
import { folded, foreign, from, inTemporaryFile, resNet, run } from "../support/foreign_weights.ts";
import { assertWithin, deviation } from "../support/tolerance.ts";

for (const depthMultiplier of [undefined, 50, 120]) {
  Deno.test(`plain weights load into DO-Conv without changing a bit of the output, D_mul ${depthMultiplier}`, async () => {
    const plain = disturb(resNet());
    const overParameterized = resNet({ convolution: { name: "do_conv", depthMultiplier } });
    adoptState(overParameterized, from(plain.stateDict()));
    assertEquals(await run(overParameterized), await run(plain));
    const parameters = overParameterized.namedParameters();
    assert(parameters.get("layer1.0.conv1.D")?.data.every((value) => value === 0));
    assert(!parameters.has("layer1.0.conv1.weight"));
  });
}

Deno.test("the authors' state loads, with their 1x1 kernels as plain ones", async () => {
  const model = disturb(resNet({ convolution: "do_conv" }));
  const tensors = new Map<string, Tensor>();
  for (const [name, tensor] of authorsState(model)) {
    const isProjection = /downsample\.0\.weight$/.test(name);
    const shape = isProjection ? tensor.shape.slice(0, 3) : tensor.shape;
    tensors.set(isProjection ? name.replace("weight", "W") : name, { ...tensor, shape } as Tensor);
  }
  const found = await inTemporaryFile(".safetensors", (path) => writeSafetensors(path, tensors));
  const other = resNet({ convolution: "do_conv" });
  adoptState(other, found);
  assertEquals(other.stateDict(), model.stateDict());
});

Deno.test("the authors' state contains the identity blocks that D is added to", () => {
  const model = buildModel("layers", {
    classes: 2,
    inputChannels: 1,
    convolution: { name: "do_conv", depthMultiplier: 10 },
    layers: [
      { convolution: { outChannels: 2, kernelSize: 2 } },
      "global_avg_pool2d",
      "flatten",
    ],
  });
  const blocks = authorsState(model).get("0.d_diag");
  assertEquals(blocks?.shape, [1, 4, 10]);
  assertEquals(
    [...blocks?.data ?? []].join(""),
    [
      "1000100000",
      "0100010000",
      "0010001000",
      "0001000100",
    ].join(""),
  );
});

Deno.test("a grouped layer with the paper's pairing is refused for the authors' layout", () => {
  const layers = [
    { convolution: { outChannels: 12, kernelSize: 3, groups: 3 } },
    "global_avg_pool2d",
    "flatten",
  ] as const;
  const build = (pairing: "paper" | "authors") =>
    buildModel("layers", { classes: 12, convolution: { name: "do_conv", pairing }, layers });
  assertThrows(() => authorsState(build("paper")), InputError, "0: in 3 groups");
  authorsState(build("authors"));
});

Deno.test("a layer with parameters unknown to the authors is refused by name", () => {
  class OwnConv2d extends Conv2d {
    constructor(options: Conv2dOptions, readonly factor?: Parameter) {
      super(options);
    }
  }
  const build = (factor?: () => Parameter) =>
    buildModel("layers", {
      classes: 2,
      convolution: (options) => new OwnConv2d(options, factor?.()),
      layers: [{ convolution: { outChannels: 2, kernelSize: 3 } }, "global_avg_pool2d", "flatten"],
    });
  assertThrows(
    () => authorsState(build(() => new Parameter([1]))),
    InputError,
    "0: a OwnConv2d has factor, for which neither PyTorch nor the DO-Conv authors have a layer",
  );
  assertEquals([...authorsState(build()).keys()], ["0.weight", "0.bias"]);
});

Deno.test("a wrapper's prefix is removed, and batch counters may be missing", async () => {
  const plain = disturb(resNet());
  const wrapped = new Map(
    [...plain.stateDict()].filter(([name]) => !name.endsWith("num_batches_tracked"))
      .map(([name, { shape, data }]) =>
        [`module.model.${name}`, { dtype: "F32", shape, data }] as const
      ),
  );
  const state = await inTemporaryFile(".safetensors", (path) => writeSafetensors(path, wrapped));
  const other = resNet();
  adoptState(other, state);
  assertEquals(other.stateDict(), plain.stateDict());
});

Deno.test("a folded network loads into the plain one, whose batch norms keep only a shift", async () => {
  const trained = disturb(resNet({ convolution: "rep_vgg" }));
  for (const batchNorm of [false, true]) {
    const network = folded(trained, { batchNorm });
    const write = (path: string) => writeFoldedNetwork(path, network);
    const state = await inTemporaryFile(".safetensors", write);
    const plain = resNet({ convolution: "conv" });
    assertEquals(adoptState(plain, state).folded?.length, batchNorm ? 20 : 17);
    const [found, expected] = [await run(plain), await run(trained)];
    assertWithin([{ name: "logits", ...deviation(found, expected) }], 1e-4);
  }
});

Deno.test("a classifier for other classes is refused with both shapes, or replaced", () => {
  const trained = disturb(resNet({ classes: 7 }));
  const model = resNet();
  const before = model.stateDict();
  const error = assertThrows(() => adoptState(model, from(trained.stateDict())), InputError);
  assert(error.message.includes("fc.weight is [7, 64], the model has [5, 64]"), error.message);
  assert(error.message.includes("model.replaceClassifier: true"), error.message);
  assertEquals(model.stateDict(), before);
  for (const replaceClassifier of [true, "auto"] as const) {
    const model = resNet();
    const { replaced } = adoptState(model, from(trained.stateDict()), { replaceClassifier });
    assertEquals(replaced, { layer: "fc", classes: 7 });
    assertEquals(model.stateDict().get("fc.weight"), before.get("fc.weight"));
    assertEquals(model.stateDict().get("conv1.weight"), trained.stateDict().get("conv1.weight"));
  }
});

Deno.test("replaceClassifier: auto applies only if the file has another classifier or none", () => {
  const trained = disturb(resNet()).stateDict();
  const auto = { replaceClassifier: "auto" } as const;
  const model = resNet();
  assertEquals(adoptState(model, from(trained), auto), { leftOut: [] });
  assertEquals(model.stateDict(), trained);
  const headless = new Map([...trained].filter(([name]) => !name.startsWith("fc.")));
  assertEquals(adoptState(resNet(), from(headless), auto).replaced, { layer: "fc" });
  const narrow = new Map(trained).set("fc.weight", { shape: [7, 3], data: new Float32Array(21) });
  assertThrows(() => adoptState(resNet(), from(narrow), auto), InputError, "fc.weight is [7, 3]");
});

Deno.test("missing and unexpected tensors are listed by name", () => {
  const state = resNet({ classes: 7 }).stateDict();
  state.delete("bn1.bias");
  state.set("extra", { shape: [1], data: Float32Array.of(1) });
  const error = assertThrows(() => adoptState(resNet(), from(state, "some.file")), InputError);
  assert(error.message.startsWith("some.file: "), error.message);
  assert(!error.message.includes("replaceClassifier"), "another classifier would not be enough");
  assert(error.message.includes("missing: bn1.bias [8]"), error.message);
  assert(error.message.includes("unexpected: extra [1]"), error.message);
});

Deno.test("tensors beside a wrapped model are left out, and named if the rest does not fit", async () => {
  const plain = disturb(resNet());
  const wrapped = new Map<string, Tensor>(
    [...plain.stateDict()].map(([name, { shape, data }]) =>
      [`model.${name}`, { dtype: "F32", shape, data: Float32Array.from(data, Number) }] as const
    ),
  );
  wrapped.set("criterion.weight", { dtype: "F32", shape: [5], data: new Float32Array(5) });
  const state = await inTemporaryFile(".safetensors", (path) => writeSafetensors(path, wrapped));
  const other = resNet();
  assertEquals(adoptState(other, state), { leftOut: ["criterion.weight"] });
  assertEquals(other.stateDict(), plain.stateDict());
  const error = assertThrows(() => adoptState(resNet({ classes: 7 }), state), InputError);
  assertStringIncludes(error.message, "Left out, not in the model: criterion.weight");
});

Deno.test("a prefix is removed only if the model has no such part, whatever is beside it", () => {
  class Wrapped extends Module {
    readonly model = resNet();
    readonly ema = new Linear(2, 2);
    forward(input: Value): Value {
      return this.model.call(input);
    }
  }
  const wrapped = new Wrapped();
  disturb(wrapped);
  const other = new Wrapped();
  assertEquals(adoptState(other, from(wrapped.stateDict())), { leftOut: [] });
  assertEquals(other.stateDict(), wrapped.stateDict());
  // Beside the model, a copy of the same size, like averaged weights.
  const [plain, copy] = [disturb(resNet()), resNet()];
  const state = new Map<string, StateTensor>(
    [...plain.stateDict()].flatMap(([name, tensor]) => [
      [`model.module.${name}`, tensor],
      [`ema_model.${name}`, { ...tensor, data: new Float32Array(tensor.data.length) }],
    ]),
  );
  assertEquals(adoptState(copy, from(state)).leftOut.length, plain.stateDict().size);
  assertEquals(copy.stateDict(), plain.stateDict());
});

Deno.test("batch counters may have shape [1], but no other shape", () => {
  const plain = disturb(resNet());
  const state = plain.stateDict();
  const counter = "bn1.num_batches_tracked";
  state.set(counter, { ...state.get(counter)!, shape: [1] });
  const other = resNet();
  adoptState(other, from(state));
  assertEquals(other.stateDict(), plain.stateDict());
  state.set(counter, { shape: [2], data: Float32Array.of(1, 2) });
  assertThrows(() => adoptState(resNet(), from(state)), InputError, "is [2], the model has []");
});

Deno.test("a header whose length starts like a pickle is read, and a truncated pickle is reported as such", async () => {
  const { tensors } = await readForeignState(foreign("header640_fp16.safetensors"));
  assertEquals([...tensors.keys()].length, 8);
  const write = (path: string) =>
    Deno.writeFile(path, Uint8Array.of(0x80, 2, 0x8a, 10, 0, 0, 0, 0));
  await assertRejects(() => inTemporaryFile(".pth", write), InputError, "torch.save");
  const text = (path: string) => Deno.writeTextFile(path, "nothing");
  await assertRejects(() => inTemporaryFile(".pth", text), InputError, "expected weights: safeten");
  await assertRejects(() => readForeignState("none.safetensors"), InputError, "no such file");
  const folder = fromFileUrl(new URL("foreign", import.meta.url));
  await assertRejects(() => readForeignState(folder), InputError, "expected weights: safetensors");
});

/** First bytes of a header's length that are also those of other formats. */
const LENGTHS = {
  "a pickle": 0x0280,
  "a zip archive": 0x4b50,
  "a gzip file": 0x8b1f,
  "a BMP image": 0x4d42,
  "a JPEG image": 0xd8ff,
  "a TIFF image": 0x4949,
  "an ONNX file": 0x0708,
  "a text": 0x2023,
};

for (const [what, length] of Object.entries(LENGTHS)) {
  Deno.test(`safetensors whose header length starts like ${what} are read, whatever the file's name`, async () => {
    const header = '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'.padEnd(length);
    const bytes = new Uint8Array(8 + length + 4);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
    bytes.set(new TextEncoder().encode(header), 8);
    for (const suffix of [".safetensors", ".pth", ".onnx"]) {
      const { tensors } = await inTemporaryFile(suffix, (path) => Deno.writeFile(path, bytes));
      assertEquals([...tensors.keys()], ["a"]);
    }
  });
}

Deno.test({
  name: "safetensors are read through a pipe",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const script = "import { readForeignState } from '" +
      new URL("../../weights/import.ts", import.meta.url) +
      "'; console.log((await readForeignState('/dev/stdin')).tensors.size)";
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", script],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const file = await Deno.open(foreign("header640_fp16.safetensors"));
    await file.readable.pipeTo(child.stdin);
    assertEquals(new TextDecoder().decode((await child.output()).stdout).trim(), "8");
  },
});
