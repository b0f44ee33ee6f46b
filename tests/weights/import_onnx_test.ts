import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { cpuBackend } from "../../backends/wasm/mod.ts";
import { InputError } from "../../errors.ts";
import type { Module } from "../../layers/module.ts";
import { buildModel } from "../../models/registry.ts";
import { encodeOnnx } from "../../onnx/export.ts";
import { readSafetensors } from "../../safetensors/file.ts";
import type { Tensor } from "../../safetensors/safetensors.ts";
import { adoptState, readForeignState } from "../../weights/import.ts";
import { disturb } from "../support/disturb.ts";
import { folded, foreign, from, inTemporaryFile, resNet, run } from "../support/foreign_weights.ts";
import { runModule } from "../support/run_module.ts";
import { assertWithin, deviation } from "../support/tolerance.ts";

/** The network in the files that PyTorch exported. */
function foreignModel(): Module {
  const model = buildModel("layers", {
    classes: 4,
    convolution: "do_conv",
    layers: [
      { convolution: { outChannels: 8, kernelSize: 3, padding: 1, bias: false } },
      "batch_norm2d",
      "relu",
      "global_avg_pool2d",
      "flatten",
      { linear: { outFeatures: 4 } },
    ],
  });
  model.initialize(0);
  return model;
}

function assertClose(actual: Float32Array, expected: Float32Array): void {
  assertWithin([{ name: "output", ...deviation(actual, expected) }], 1e-4);
}

Deno.test("initializers of an ONNX file load by name, and its other constants are ignored", async () => {
  const plain = disturb(resNet());
  const bytes = await encodeOnnx(folded(plain), { batchNorm: false, includePreprocessing: true });
  const state = await inTemporaryFile(".onnx", (path) => Deno.writeFile(path, bytes));
  const other = resNet({ convolution: "do_conv" });
  adoptState(other, state);
  assertEquals(await run(other), await run(plain));
});

Deno.test("an ONNX file with folded batch norms loads, the model's batch norms keeping only a shift", async () => {
  const plain = disturb(resNet());
  const bytes = await encodeOnnx(folded(plain));
  const state = await inTemporaryFile(".onnx", (path) => Deno.writeFile(path, bytes));
  for (const convolution of ["conv", "do_conv"] as const) {
    const other = resNet({ convolution });
    assertEquals(adoptState(other, state).folded?.length, 20);
    assertClose(await run(other), await run(plain));
    const { data } = other.stateDict().get("layer1.0.bn2.running_var")!;
    assert(data.every((value) => value === Math.fround(1 - 1e-5)));
  }
});

Deno.test("folded batch norms load if their shift moved elsewhere or their convolution has a bias", async () => {
  for (
    const [name, options] of [["mobilenet_v2", { widthMult: 0.25 }], ["vgg11_bn", {
      width: 4,
      hidden: 16,
    }]]
  ) {
    const build = () =>
      buildModel(name as string, { classes: 5, inputSize: 32, ...options as object });
    const plain = build();
    plain.initialize(1);
    const bytes = await encodeOnnx(folded(plain));
    const state = await inTemporaryFile(".onnx", (path) => Deno.writeFile(path, bytes));
    const other = build();
    other.initialize(2);
    adoptState(other, state);
    assertClose(await run(other), await run(plain));
  }
});

Deno.test("an ONNX file from PyTorch with folded batch norms computes what PyTorch does", async () => {
  const state = await readForeignState(foreign("resnet18_folded.onnx"));
  const { tensors } = await readSafetensors(foreign("resnet18_folded.safetensors"));
  const [x, y] = ["x", "y"].map((name) => tensors.get(name) as Tensor & { data: Float32Array });
  for (const convolution of ["conv", "do_conv"] as const) {
    const model = resNet({ width: 2, convolution });
    assertEquals(adoptState(model, state).folded?.length, 20);
    const backend = cpuBackend({ threads: 1 });
    assertClose(await runModule(model, x.shape, { x: x.data, backend }), y.data);
  }
});

Deno.test("an ONNX file from PyTorch loads with and without batch norms", async () => {
  const read = (name: string) => readForeignState(foreign(name));
  assertEquals(adoptState(foreignModel(), await read("folded_bn.onnx")).folded, ["1"]);
  assertEquals(adoptState(foreignModel(), await read("kept_bn_eval.onnx")).folded, undefined);
});

Deno.test("an ONNX file of a deeper network is refused for a shallower one, batch norms folded or not", async () => {
  const deep = buildModel("resnet34", { classes: 5, width: 2 });
  deep.initialize(1);
  for (const batchNorm of [true, false]) {
    const bytes = await encodeOnnx(folded(deep), { batchNorm });
    const state = await inTemporaryFile(".onnx", (path) => Deno.writeFile(path, bytes));
    const { message } = assertThrows(
      () => adoptState(resNet({ width: 2 }), state),
      InputError,
      "unexpected:",
    );
    assertStringIncludes(message, "layer4 (layer4.2.conv1.weight [16, 16, 3, 3], …)");
    adoptState(buildModel("resnet34", { classes: 5, width: 2 }), state);
  }
});

Deno.test("batch norms missing from a file without having been folded are refused by name", () => {
  const state = new Map(
    [...disturb(resNet()).stateDict()].filter(([name]) => !/bn\d|downsample\.1/.test(name)),
  );
  const { message } = assertThrows(() => adoptState(resNet(), from(state, "a.onnx")), InputError);
  assertStringIncludes(message, "the batch norms bn1, layer1.0.bn1, layer1.0.bn2, … are missing");
  assertStringIncludes(message, "Use the checkpoint or the folded network (.safetensors)");
});
