/** Weights from other programs, for tests of importing them. */
import { fromFileUrl } from "@std/path";
import { cpuBackend } from "../../backends/wasm/mod.ts";
import type { Module, StateDict } from "../../layers/module.ts";
import { buildModel, type BuildOptions } from "../../models/registry.ts";
import { foldModel } from "../../networks/fold.ts";
import type { FoldedNetwork } from "../../networks/network.ts";
import type { FoldOptions } from "../../ops/fold_for_inference.ts";
import { type ForeignState, readForeignState } from "../../weights/import.ts";
import { runModule } from "./run_module.ts";

/** A narrow ResNet with initial weights. */
export function resNet(options: Partial<BuildOptions> = {}, name = "resnet18"): Module {
  const model = buildModel(name, { classes: 5, width: 8, ...options });
  model.initialize(1);
  return model;
}

/** Folds such a model. */
export function folded(model: Module, folding: FoldOptions = {}): FoldedNetwork {
  const description = {
    model: "resnet18",
    input: { height: 32, width: 32, channels: 3 },
    normalization: { mean: [0, 0, 0], std: [1, 1, 1] },
    classNames: ["a", "b", "c", "d", "e"],
  };
  return foldModel(model, description, folding);
}

/** Tensors as if read from a file. */
export function from(tensors: StateDict, path = "weights.safetensors"): ForeignState {
  return {
    path,
    tensors,
    ...(path.endsWith(".onnx") ? { weights: new Set(tensors.values()) } : {}),
  };
}

/** The state read from a file that `write` writes. */
export async function inTemporaryFile(
  suffix: string,
  write: (path: string) => Promise<void>,
): Promise<ForeignState> {
  const path = await Deno.makeTempFile({ suffix });
  try {
    await write(path);
    return await readForeignState(path);
  } finally {
    await Deno.remove(path);
  }
}

/** The path of a file from another program. */
export function foreign(name: string): string {
  return fromFileUrl(new URL(`../weights/foreign/${name}`, import.meta.url));
}

/** A model's output for some images of 32 pixels. */
export function run(model: Module): Promise<Float32Array> {
  return runModule(model, [2, 3, 32, 32], { backend: cpuBackend({ threads: 2 }) });
}
