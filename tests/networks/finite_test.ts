/** Every command names a network with non-finite numbers, and the layer where they start. */
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import encodePng from "npm:@jsquash/png@3.1.1/encode.js";
import { cpuBackend } from "../../backends/wasm/mod.ts";
import { type Checkpoint, writeCheckpoint } from "../../checkpoints/checkpoint.ts";
import { START } from "../../checkpoints/run_state.ts";
import { loadDataset } from "../../datasets/open.ts";
import { InputError, RunError } from "../../errors.ts";
import type { Module, StateTensor } from "../../layers/module.ts";
import { inferenceProgram } from "../../models/inference.ts";
import { buildModel, type BuildOptions } from "../../models/registry.ts";
import { requireFinite } from "../../networks/finite.ts";
import { foldModel } from "../../networks/fold.ts";
import { writeSafetensors } from "../../safetensors/file.ts";
import { evaluateNetwork } from "../../training/evaluate.ts";
import { adoptState } from "../../weights/import.ts";
import { run } from "../support/command_line.ts";
import { withFolder } from "../support/folder.ts";

const OPTIONS: BuildOptions = {
  classes: 2,
  layers: [
    { do_conv2d: { outChannels: 4, kernelSize: 3, padding: 1 } },
    "batch_norm2d",
    "relu",
    "global_avg_pool2d",
    "flatten",
    { linear: { outFeatures: 2 } },
  ],
};
const DESCRIPTION = {
  model: "small",
  input: { height: 8, width: 8, channels: 3 },
  normalization: { mean: [0, 0, 0], std: [1, 1, 1] },
  classNames: ["a", "b"],
};
const DATA = {
  dataset: {
    name: "synthetic" as const,
    classes: 2,
    imageSize: 8,
    trainCount: 8,
    testCount: 8,
  },
  batchSize: 4,
};

const CONFIG = { backend: "cpu", data: DATA, model: { layers: OPTIONS.layers } };

/** The network with numbers of one of its tensors replaced: the first, or `all`. */
function broken(name: string, value: number, all = false): Module {
  const model = buildModel("layers", OPTIONS);
  model.initialize(1);
  const { data } = model.namedParameters().get(name)!;
  data.fill(value, 0, all ? data.length : 1);
  return model;
}

/** Broken networks, and the error for each. */
const FAULTS: readonly (readonly [model: Module, said: string])[] = [
  [broken("0.W", NaN), "0.W, which 0 (composeKernel) reads, contains NaN, 1 of 108 numbers"],
  [
    broken("1.running_var", NaN, true),
    "1.running_var, which 1 (channelNormalize) reads, contains NaN",
  ],
  // The logits stay finite, but the channel is lost.
  [broken("1.running_var", Infinity), "contains infinity, 1 of 4 numbers"],
  [broken("1.running_var", -1, true), "1 (channelNormalize) gives NaN, 256 of 256 numbers"],
  [broken("0.W", 3e38, true), "0 (conv2d) gives "],
  [
    broken("5.bias", -Infinity),
    "5.bias, which 5 (linear) reads, contains infinity, 1 of 2 numbers",
  ],
];

for (const [model, said] of FAULTS) {
  Deno.test(`the first non-finite numbers of a network are found: ${said}`, async () => {
    const backend = cpuBackend({ threads: 1 });
    const program = inferenceProgram(model, DESCRIPTION, 1);
    await assertRejects(() => requireFinite("net", program, backend), InputError, said);
  });
}

Deno.test("non-finite numbers in unused tensors are ignored", async () => {
  const model = broken("1.num_batches_tracked", Infinity);
  await requireFinite("net", inferenceProgram(model, DESCRIPTION, 1), cpuBackend({ threads: 1 }));
});

Deno.test("imported weights that are not finite are refused, and the model is unchanged", () => {
  const model = broken("1.bias", 0);
  const before = model.stateDict();
  const tensors = broken("5.weight", NaN).stateDict();
  assertThrows(
    () => adoptState(model, { path: "w", tensors }),
    InputError,
    "w: 5.weight contains NaN, 1 of 8 numbers",
  );
  assertEquals(model.stateDict(), before);
});

Deno.test("weights too large for float32 are refused by their names in the file", () => {
  const model = broken("1.bias", 0);
  const tensors = new Map<string, StateTensor>(model.stateDict());
  ["0.W", "0.D"].forEach((name) => tensors.delete(name));
  tensors.set("0.weight", { shape: [4, 3, 3, 3], data: new Float32Array(108) });
  for (const name of ["0.weight", "5.bias"]) {
    const { shape, data: { length } } = tensors.get(name)!;
    const data = new Float64Array(length).fill(1e300);
    const large = new Map(tensors).set(name, { shape, data });
    assertThrows(
      () => adoptState(model, { path: "w", tensors: large }),
      InputError,
      `w: ${name} contains numbers too large for float32, ${length} of ${length} numbers`,
    );
  }
});

Deno.test("an evaluation fails at the first image with non-finite logits", async () => {
  const { test } = await loadDataset(DATA.dataset);
  const evaluate = (model: Module) =>
    evaluateNetwork(foldModel(model, DESCRIPTION), test, cpuBackend({ threads: 1 }), {
      batchSize: 3,
    });
  await assertRejects(
    () => evaluate(broken("1.running_var", -1, true)),
    RunError,
    "image 0: the network's logits for it are not finite: 1 (channelNormalize) gives NaN",
  );
  // Filling is not taken for an image.
  await evaluate(broken("1.bias", 0));
});

function checkpointOf(model: Module): Checkpoint {
  return {
    architecture: { name: "layers", options: OPTIONS },
    description: DESCRIPTION,
    config: CONFIG,
    seed: 0,
    backend: { name: "cpu", threads: 1, description: "CPU" },
    state: START,
    metricsBytes: 0,
    tensors: { model: model.stateDict(), optimizer: new Map() },
  };
}

async function writePicture(path: string, value: number): Promise<void> {
  const pixels = new Uint8ClampedArray(8 * 8 * 4).fill(value).map((v, i) => i % 4 === 3 ? 255 : v);
  await Deno.writeFile(path, new Uint8Array(await encodePng(new ImageData(pixels, 8, 8))));
}

Deno.test("import, export, site and fold refuse a network with non-finite numbers and write nothing; predict and eval fail", () =>
  withFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    await writePicture(at("black.png"), 0);
    for (const [model, said] of FAULTS.slice(0, 4)) {
      await writeCheckpoint(at("net"), checkpointOf(model));
      const commands = [
        [2, "export", at("net"), "--no-verify", "--output", at("net.onnx")],
        [2, "export", at("net"), "--format", "authors", "--output", at("net.authors")],
        [2, "site", at("net"), "--output", at("site")],
        [1, "fold", at("net"), "--backend", "cpu", "--output", at("folded")],
        [1, "predict", at("net"), at("black.png"), "--output", at("classes.csv")],
        [1, "eval", at("net")],
      ] as const;
      for (const [expected, ...args] of commands) {
        const { code, error } = await run(...args);
        assertEquals(code, expected, `${args[0]}: ${error}`);
        assertStringIncludes(error, said, args[0]);
      }
    }
    await Deno.writeTextFile(
      at("c.yaml"),
      JSON.stringify(CONFIG),
    );
    for (const [model, said] of FAULTS.slice(2, 4)) {
      const tensors = [...model.stateDict()].map(([name, { shape, data }]) =>
        [name, { dtype: "F32", shape, data: Float32Array.from(data, Number) }] as const
      );
      await writeSafetensors(at("weights.safetensors"), new Map(tensors));
      const args = ["--config", at("c.yaml"), "--output", at("imported")];
      const { code, error } = await run("import", at("weights.safetensors"), ...args);
      assertEquals(code, 2, error);
      assertStringIncludes(error, said);
    }
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
    assertEquals(left, ["black.png", "c.yaml", "net", "weights.safetensors"]);
  }));

Deno.test("predict names the first image with non-finite logits, after the results before it", () =>
  withFolder(async (folder) => {
    const [net, black, white] = ["net", "a.png", "b.png"].map((name) => join(folder, name));
    await writeCheckpoint(net, checkpointOf(broken("0.W", 3e38, true)));
    await writePicture(black, 0);
    await writePicture(white, 255);
    const { code, out, error } = await run("predict", net, black, white);
    assertEquals(code, 1);
    assertStringIncludes(out, `${black}\n`);
    assertStringIncludes(
      error,
      `${white}: the network's logits for it are not finite: 0 (conv2d) gives`,
    );
  }));
