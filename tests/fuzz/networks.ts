/** Tiny networks as files, and how one that was read is run. */
import { evaluateProgram } from "../../backends/reference/reference.ts";
import type { CheckpointHeader } from "../../checkpoints/checkpoint.ts";
import { foldModel } from "../../checkpoints/fold.ts";
import { CHECKPOINT_FORMAT, FOLDED_FORMAT } from "../../checkpoints/formats.ts";
import type { LoadedNetwork } from "../../checkpoints/load.ts";
import type { FoldedNetwork, NetworkDescription } from "../../checkpoints/network.ts";
import { START } from "../../checkpoints/run_state.ts";
import { encodeSafetensors, type Tensor } from "../../checkpoints/safetensors.ts";
import { programInputs } from "../../graph/leaves.ts";
import { type Program, sizeOf } from "../../graph/types.ts";
import type { LayerSpec } from "../../layers/registry.ts";
import { buildModel } from "../../models/registry.ts";
import { multiplyAccumulates } from "../../ops/multiply_accumulates.ts";
import { parseConfig } from "../../config/load.ts";
import { disturb } from "../support/disturb.ts";
import { runBetweenCanaries } from "../support/canaries.ts";

const NETWORKS: readonly { size: number; channels: number; layers: readonly LayerSpec[] }[] = [
  {
    size: 6,
    channels: 1,
    layers: [
      { convolution: { outChannels: 2, kernelSize: 3, padding: 1 } },
      "batch_norm2d",
      "relu",
      { max_pool2d: { kernelSize: 2 } },
      { avg_pool2d: { kernelSize: 2, padding: 1 } },
      "flatten",
      { linear: { outFeatures: 3 } },
    ],
  },
  {
    size: 8,
    channels: 3,
    layers: [
      { conv2d: { outChannels: 8, kernelSize: 3, padding: 1, bias: false } },
      "batch_norm2d",
      { conv2d: { outChannels: 8, kernelSize: 3, groups: 8, padding: 1, paddingMode: "reflect" } },
      "tanh",
      { dropout: { p: 0.5 } },
      { do_conv2d: { outChannels: 4, kernelSize: 2, stride: 2 } },
      "global_avg_pool2d",
      "flatten",
      { linear: { outFeatures: 3 } },
    ],
  },
];

/** The config of a run on images of this size. */
const configOf = (size: number, channels: number, layers: readonly LayerSpec[]) => ({
  backend: "cpu",
  data: {
    dataset: {
      name: "synthetic",
      classes: 3,
      imageSize: size,
      channels,
      trainCount: 8,
      testCount: 4,
    },
    batchSize: 4,
  },
  model: { convolution: "do_conv", layers },
  training: { epochs: 1, optimizer: { name: "sgd", learningRate: 0.1 } },
});

/** The networks of the samples, with weights, and all a checkpoint says of each. */
export function tinyNetworks() {
  return NETWORKS.map(({ size, channels, layers }) => {
    const architecture = {
      name: "layers",
      options: {
        classes: 3,
        inputChannels: channels,
        inputSize: [size, size] as const,
        convolution: "do_conv" as const,
        layers,
      },
    };
    const description: NetworkDescription = {
      model: "layers",
      input: { height: size, width: size, channels },
      normalization: { mean: Array(channels).fill(0.5), std: Array(channels).fill(0.25) },
      classNames: ["ant", "bee", "cat"],
    };
    const model = buildModel(architecture.name, architecture.options);
    model.initialize(1);
    const { config } = parseConfig(JSON.stringify(configOf(size, channels, layers)), "tiny.yaml");
    return { model: disturb(model), architecture, description, config };
  });
}

/** Checkpoints of the tiny networks. */
export function checkpointFiles(): Uint8Array[] {
  return tinyNetworks().map(({ model, architecture, description, config }) => {
    const header: CheckpointHeader = {
      description,
      architecture,
      config,
      seed: 1,
      backend: { name: "cpu", threads: 1, description: "CPU" },
      state: START,
      metricsBytes: 0,
    };
    const tensors = new Map(
      [...model.stateDict()].map(([name, { shape, data }]): [string, Tensor] => [
        name,
        { dtype: "F32", shape, data: Float32Array.from(data, Number) },
      ]),
    );
    return encodeSafetensors(tensors, {
      format: CHECKPOINT_FORMAT,
      checkpoint: JSON.stringify(header),
    });
  });
}

/** The tiny networks folded. */
export function foldedNetworks(): FoldedNetwork[] {
  return tinyNetworks().map(({ model, description }) => foldModel(model, description));
}

/** The bytes of a folded network's file. */
export function foldedFile({ tensors, description, program }: FoldedNetwork): Uint8Array {
  return encodeSafetensors(tensors, {
    format: FOLDED_FORMAT,
    network: JSON.stringify(description),
    program: JSON.stringify(program),
  });
}

/** Multiply-accumulate operations of what is small enough to be run many times over. */
const MOST_MACS = 1e6;

/** Forms of code, one after the other. */
const TARGETS = [{ wide: 1, relaxedSimd: false }, { wide: 2, relaxedSimd: true }] as const;
let runs = 0;

/**
 * Runs a network's program between guard bytes and by its plain meaning; resolves with whether it is
 * small enough for that. Throws an Error if they differ.
 */
// deno-lint-ignore require-await -- errors must come as rejections
export async function runNetwork({ program }: Pick<LoadedNetwork, "program">): Promise<boolean> {
  const infer = program(2);
  const macs = infer.nodes.reduce((sum, node) => sum + multiplyAccumulates(node), 0);
  if (macs > MOST_MACS) return false;
  const inputs = Object.fromEntries(
    programInputs(infer).map(({ name, shape }) => [
      name,
      Uint8Array.from({ length: sizeOf(shape) }, (_, i) => (i * i * 73) % 251),
    ]),
  );
  const found = runBetweenCanaries(infer, inputs, TARGETS[runs++ % TARGETS.length]);
  if (found) compare(infer, inputs, found);
  return found !== undefined;
}

/** Numbers larger than this leave too few digits behind them to compare. */
const LARGEST = 1e4;
const TOLERANCE = 1e-3;

function compare(
  program: Program,
  inputs: Record<string, Uint8Array>,
  found: Readonly<Record<string, Float32Array>>,
): void {
  const values = evaluateProgram(program, inputs, () => new Float64Array());
  const isTame = [...values.values()].every((data) =>
    data.every((number) => Math.abs(number) <= LARGEST)
  );
  if (!isTame) return;
  for (const [name, value] of Object.entries(program.outputs)) {
    values.get(value)!.forEach((number, i) => {
      if (!(Math.abs(found[name][i] - number) <= TOLERANCE * Math.max(1, Math.abs(number)))) {
        throw new Error(`${name}[${i}] is ${found[name][i]}, expected ${number}`);
      }
    });
  }
}
