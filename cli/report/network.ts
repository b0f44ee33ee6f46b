/** The part of a report about a run's network: its sizes, its kernels, and its folding. */

import type { Backend } from "../../backends/backend.ts";
import { type Checkpoint, restoreModel } from "../../checkpoints/checkpoint.ts";
import { RunError } from "../../errors.ts";
import { sizeOf } from "../../graph/types.ts";
import { DoConv2d } from "../../layers/do_conv2d.ts";
import type { Module } from "../../layers/module.ts";
import { joinPath, parentPath } from "../../layers/names.ts";
import { summarizeModel } from "../../models/summary.ts";
import { compareFold, FOLD_TOLERANCE, foldModel } from "../../networks/fold.ts";
import type { FoldedNetwork } from "../../networks/network.ts";
import type { Fact, FactorData, KernelData, NetworkData } from "../../pages/report/data.ts";
import { formatBytes, formatCount, formatSi } from "../../reporting/format.ts";
import { describeVerification, type VerificationImages } from "../verification.ts";

/** Most kernels that are drawn. */
const MAX_KERNELS = 64;
/** Most input channels that are drawn of each. */
const MAX_CHANNELS = 4;

/** The network of a checkpoint in training and folded. */
export function networkData(checkpoint: Checkpoint): NetworkData {
  const model = restoreModel(checkpoint);
  const { description } = checkpoint;
  const { layers, trainingParameters, foldedParameters, macs, forms } = summarizeModel(
    model,
    description,
  );
  const folded = foldModel(model, description);
  const smallest = forms[forms.length - 1];
  const sizes: Fact[] = [
    ["Model", checkpoint.architecture.name],
    ["Parameters in training", formatCount(trainingParameters)],
    ["Parameters folded", formatCount(foldedParameters)],
    ["MACs for one image, folded", formatSi(macs)],
    ["Parameters with batch norms folded", formatCount(smallest.numbers)],
    ["Size with batch norms folded", formatBytes(smallest.bytes)],
  ];
  return {
    sizes,
    layers: layers.map(({ path, kind, outputShape, ...layer }) => ({
      path,
      kind,
      output: outputShape.join("×"),
      training: layer.trainingParameters,
      folded: layer.foldedParameters,
      macs: layer.macs,
    })),
    kernels: kernelsOf(model, folded),
    factors: factorsOf(model, folded),
  };
}

/**
 * Describes how a folded network compares with the trained one. Throws RunError if they differ: it may
 * have been folded from another checkpoint.
 *
 * @param images those to compare on
 */
export async function verified(
  checkpoint: Checkpoint,
  network: FoldedNetwork,
  backend: Backend,
  images: VerificationImages,
): Promise<string> {
  const found = await compareFold(restoreModel(checkpoint), network, backend, images.pixels);
  const described = describeVerification(found, images.kind);
  if (found.maxRelativeDifference <= FOLD_TOLERANCE) return described;
  throw new RunError(
    `the folded network does not match the checkpoint of epoch ${checkpoint.state.epoch}: ${described}; ` +
      "fold it again with: overfold fold CHECKPOINT",
  );
}

/** The kernels of the first convolution, folded and as stored. */
function kernelsOf(model: Module, { tensors, program }: FoldedNetwork): KernelData[] {
  const first = program.nodes.find(({ op }) => op === "conv2d");
  const name = first && program.nodes[first.inputs[1][0]].attributes.name;
  const kernel = typeof name === "string" ? tensors.get(name) : undefined;
  if (typeof name !== "string" || !kernel) return [];
  const { shape, data } = kernel;
  const [outputs, inputs] = shape;
  const path = parentPath(name);
  const stored = [...model.namedParameters()].flatMap(([own, parameter]) => {
    // A plain convolution's stored kernel is the folded one.
    if (!own.startsWith(`${path}.`) || own === name) return [];
    const isFactor = own === joinPath(path, "W") && sizeOf(parameter.shape) === sizeOf(shape);
    const isKernel = parameter.shape.length === 4 && parameter.shape[0] === outputs &&
      parameter.shape[1] === inputs;
    if (!isFactor && !isKernel) return [];
    return [kernelData(`stored: ${own}`, isKernel ? parameter.shape : shape, parameter.data)];
  });
  const composed = stored.length > 0 ? `composed: ${name}` : name;
  return [kernelData(composed, shape, Float32Array.from(data, Number)), ...stored];
}

function kernelData(name: string, shape: readonly number[], data: Float32Array): KernelData {
  const [outputs, inputs, height, width] = shape;
  const [kernels, channels] = [Math.min(outputs, MAX_KERNELS), Math.min(inputs, MAX_CHANNELS)];
  const plane = height * width;
  const shown = new Float32Array(kernels * channels * plane);
  for (let o = 0; o < kernels; o++) {
    const from = o * inputs * plane;
    shown.set(data.subarray(from, from + channels * plane), o * channels * plane);
  }
  const most = shown.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const bytes = Uint8Array.from(shown, (value) => 128 + Math.round(127 * value / (most || 1)));
  return { name, shape: [kernels, channels, height, width], values: bytes.toBase64(), most };
}

/** How far the D of each DO-Conv has moved from its initial identity. */
function factorsOf(model: Module, { tensors }: FoldedNetwork): FactorData[] {
  return [...model.namedModules()].flatMap(([path, module]) => {
    if (!(module instanceof DoConv2d) || !module.D) return [];
    const [channels, area, depth] = module.D.shape;
    const { data } = module.D;
    // D consists of identity blocks side by side; columns beyond the last block are zero.
    const identity = Math.sqrt(area * Math.floor(depth / area));
    const norms = Float64Array.from(
      { length: channels },
      (_, i) => norm(data.subarray(i * area * depth, (i + 1) * area * depth)) / identity,
    ).sort();
    const at = (share: number) => norms[Math.round(share * (channels - 1))];
    const composed = tensors.get(joinPath(path, "weight"));
    return [{
      path,
      channels,
      least: at(0),
      lower: at(0.25),
      median: at(0.5),
      upper: at(0.75),
      greatest: at(1),
      change: composed && composed.data.length === module.W.data.length
        ? changeOf(module.W.data, Float32Array.from(composed.data, Number))
        : null,
    }];
  });
}

function changeOf(stored: Float32Array, composed: Float32Array): number {
  return norm(composed.map((value, i) => value - stored[i])) / norm(stored);
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((total, value) => total + value * value, 0));
}
