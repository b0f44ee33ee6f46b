/**
 * Loads a model's weights into torchvision, strictly, and torchvision's into ours: as `torch.save` writes
 * them and as PyTorch exports them to ONNX, with batch norms folded.
 */
import { fromFileUrl, join } from "@std/path";
import { cpuBackend } from "../../backends/wasm/mod.ts";
import type { Module } from "../../layers/module.ts";
import { buildModel, listModels } from "../../models/registry.ts";
import { foldModel } from "../../networks/fold.ts";
import { readSafetensors, writeSafetensors } from "../../safetensors/file.ts";
import { adoptState, readForeignState } from "../../weights/import.ts";
import { withFolder } from "../support/folder.ts";
import { runModule, someNumbers } from "../support/run_module.ts";
import { deviation } from "../support/tolerance.ts";

/** The largest difference of logits from torchvision's, relative to the largest logit. */
export const LOGITS_TOLERANCE = 1e-4;

const CLASSES = 7;

/** The shape of an image; PyTorch exports VGG's pooling only if its windows fit evenly. */
const shapeOf = (name: string) => name.startsWith("vgg") ? [1, 3, 224, 224] : [1, 3, 64, 64];

const SCRIPT = fromFileUrl(new URL("exchange_weights.py", import.meta.url));

/** Differences of the logits, relative to the largest of torchvision's. */
export interface Exchanged {
  /** Our weights in torchvision. */
  readonly into: number;
  /** Torchvision's weights here, from a `.pth` file. */
  readonly back: number;
  /** Torchvision's weights here, from an ONNX file. */
  readonly onnx: number;
}

/** A Python with torchvision, `$PYTHON` first; undefined without one. */
export async function torchvisionPython(): Promise<string | undefined> {
  for (const python of [Deno.env.get("PYTHON") ?? "python3", "/usr/bin/python3"]) {
    const code = "import torchvision.models";
    const { success } = await run(python, ["-c", code]).catch(() => ({ success: false }));
    if (success) return python;
  }
}

/** The models that torchvision has too. */
export async function sharedModels(python: string): Promise<string[]> {
  const code =
    "import torchvision.models as m; print(*[n for n in dir(m) if callable(vars(m)[n])])";
  const { out } = await run(python, ["-c", code]);
  const theirs = new Set(out.split(/\s+/));
  return listModels().filter((name) => theirs.has(name));
}

/** Exchanges random weights of a model, with over-parameterized convolutions on our side. */
export async function exchange(python: string, name: string): Promise<Exchanged> {
  let found: Exchanged | undefined;
  await withFolder(async (folder) => {
    const file = (name: string) => join(folder, name);
    const shape = shapeOf(name);
    const [, channels, height, width] = shape;
    const x = someNumbers(shape);
    await writeSafetensors(
      file("x.safetensors"),
      new Map([["x", { dtype: "F32", shape, data: x }]]),
    );
    const ours = withStatistics(build(name, "do_conv"));
    const folded = foldModel(ours, {
      model: name,
      input: { height, width, channels },
      normalization: { mean: Array(channels).fill(0), std: Array(channels).fill(1) },
      classNames: Array.from({ length: CLASSES }, (_, i) => `${i}`),
    });
    await writeSafetensors(file("ours.safetensors"), folded.tensors);
    const { success, error } = await run(python, [SCRIPT, folder, name, `${CLASSES}`]);
    if (!success) throw new Error(`${name}: ${error}`);
    const logits = async (side: string) =>
      (await readSafetensors(file(`${side}_logits.safetensors`))).tensors.get("logits")!
        .data as Float32Array;
    const difference = async (model: Module, side: string) => {
      const actual = await runModule(model, shape, { x, backend: cpuBackend({ threads: 2 }) });
      return deviation(actual, await logits(side)).relative;
    };
    const adopted = async (path: string) => {
      const model = build(name, "conv");
      adoptState(model, await readForeignState(file(path)));
      return model;
    };
    found = {
      into: await difference(ours, "ours"),
      back: await difference(await adopted("theirs.pth"), "theirs"),
      onnx: await difference(await adopted("theirs.onnx"), "theirs"),
    };
  });
  return found!;
}

function build(name: string, convolution: "conv" | "do_conv"): Module {
  const model = buildModel(name, { classes: CLASSES, inputSize: shapeOf(name)[2], convolution });
  model.initialize(1);
  return model;
}

/** The model with random statistics in its batch norms. */
function withStatistics(model: Module): Module {
  for (const [name, { data }] of model.namedParameters()) {
    const noise = someNumbers([data.length]);
    if (name.endsWith("running_mean")) data.set(noise.map((value) => 0.2 * value));
    if (name.endsWith("running_var")) data.set(noise.map((value) => 1 + 0.5 * value));
  }
  return model;
}

async function run(command: string, args: readonly string[]) {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { success, out, error };
}
