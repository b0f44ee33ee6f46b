/**
 * A training checkpoint: one safetensors file from which the run resumes, and which `eval`, `fold`
 * and `predict` read.
 *
 * Tensors: the model's state dict under its own names; each optimizer slot as
 * `optimizer.SLOT.NAME` with PyTorch's slot names; the averaged weights as `ema.NAME`; the loss
 * scaling state as `lossScale`. Everything else is JSON in `__metadata__`.
 */
import type { Backend, Numerics } from "../backends/backend.ts";
import { InputError } from "../errors.ts";
import type { Disk } from "../files/disk.ts";
import { floatsOf, type Module, type StateDict, type StateTensor } from "../layers/module.ts";
import { inferenceProgram } from "../models/inference.ts";
import { buildModel, type BuildOptions } from "../models/registry.ts";
import { isDescription, type NetworkDescription, requireSignature } from "../networks/network.ts";
import { withChecksums } from "../safetensors/checksums.ts";
import { orDamaged } from "../safetensors/damage.ts";
import { readSafetensors, writeSafetensors } from "../safetensors/file.ts";
import { CHECKPOINT_FORMAT, otherFormat } from "../safetensors/formats.ts";
import { isLine } from "../safetensors/line.ts";
import type { Safetensors, Tensor } from "../safetensors/safetensors.ts";
import { isRecord } from "../schema/record.ts";
import { isCount, isRunState, type RunState } from "./run_state.ts";

/** The tensors of a training, by state-dict name. */
export interface TrainingTensors {
  /** Parameters and buffers as trained. */
  readonly model: StateDict;
  /** Slots of the optimizer, such as `momentum_buffer`, for each trained parameter. */
  readonly optimizer: ReadonlyMap<string, StateDict>;
  /** Averaged parameters and buffers, where the recipe keeps them. */
  readonly ema?: StateDict;
  /** The loss scale and the number of consecutive steps with finite gradients, if the loss is scaled. */
  readonly lossScale?: Float32Array;
}

/** A model by name and options; see `models/registry.ts`. */
export interface Architecture {
  /** What `buildModel` takes, such as `cifar_resnet20_v1`. */
  readonly name: string;
  /** What it was built with. */
  readonly options: BuildOptions;
}

/** Everything in a checkpoint except its tensors. */
export interface CheckpointHeader {
  /** What the network takes and gives. */
  readonly description: NetworkDescription;
  /** How to rebuild the model. */
  readonly architecture: Architecture;
  /** The resolved config of the run as plain data. */
  readonly config: unknown;
  /** Seed of all random numbers. */
  readonly seed: number;
  /** What computed the run. Earlier versions recorded less than what determines every bit. */
  readonly backend:
    & Pick<Backend, "name" | "threads" | "description">
    & Partial<Pick<Backend, "numerics">>;
  /** A fingerprint of the training images if they are the user's own: it changes when they do. */
  readonly pictures?: string;
  /** Position in the training. */
  readonly state: RunState;
  /** Bytes of the metrics log that belong to this position. */
  readonly metricsBytes: number;
}

/** The saved state of a training. */
export interface Checkpoint extends CheckpointHeader {
  /** Parameters, statistics and optimizer state. */
  readonly tensors: TrainingTensors;
}

const OPTIMIZER = "optimizer.";
const EMA = "ema.";
const LOSS_SCALE = "lossScale";

/** Writes a checkpoint, atomically. */
export async function writeCheckpoint(
  path: string,
  checkpoint: Checkpoint,
  disk?: Disk,
): Promise<void> {
  const { tensors: { model, optimizer, ema, lossScale }, ...header } = checkpoint;
  const tensors = new Map<string, Tensor>();
  const put = (prefix: string, state: StateDict) => {
    for (const [name, tensor] of state) {
      const { shape } = tensor;
      tensors.set(prefix + name, { dtype: "F32", shape, data: floatsOf(tensor) });
    }
  };
  put("", model);
  for (const [slot, state] of optimizer) put(`${OPTIMIZER}${slot}.`, state);
  if (ema) put(EMA, ema);
  if (lossScale) tensors.set(LOSS_SCALE, { dtype: "F32", shape: [2], data: lossScale });
  const metadata = {
    format: CHECKPOINT_FORMAT,
    checkpoint: JSON.stringify(header satisfies CheckpointHeader),
  };
  await writeSafetensors(path, tensors, withChecksums(tensors, metadata), disk);
}

/** Reads a checkpoint. Throws InputError if the file is not a checkpoint or is damaged. */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  return parseCheckpoint(path, await readSafetensors(path));
}

/** Parses the contents of a checkpoint file; `path` names it in errors. */
export function parseCheckpoint(path: string, { tensors, metadata }: Safetensors): Checkpoint {
  if (metadata.format !== CHECKPOINT_FORMAT) {
    throw otherFormat(path, metadata.format, "not a checkpoint");
  }
  const header: unknown = orDamaged(path, "the metadata", () => JSON.parse(metadata.checkpoint));
  if (!isHeader(header)) {
    throw new InputError(`${path}: the metadata of this checkpoint is damaged; use another one`);
  }
  const model = new Map<string, StateTensor>();
  const ema = new Map<string, StateTensor>();
  const optimizer = new Map<string, Map<string, StateTensor>>();
  let lossScale: Float32Array | undefined;
  for (const [name, tensor] of tensors) {
    if (name === LOSS_SCALE) {
      lossScale = Float32Array.from(tensor.data, Number);
      if (lossScale.length !== 2 || !(lossScale[0] > 0 && lossScale[0] < Infinity)) {
        throw new InputError(
          `${path}: ${LOSS_SCALE} of this checkpoint is damaged; use another one`,
        );
      }
    } else if (name.startsWith(EMA)) {
      ema.set(name.slice(EMA.length), tensor);
    } else if (name.startsWith(OPTIMIZER)) {
      const [, slot] = name.split(".", 2);
      const state = optimizer.get(slot) ?? new Map<string, StateTensor>();
      state.set(name.slice(OPTIMIZER.length + slot.length + 1), tensor);
      optimizer.set(slot, state);
    } else {
      model.set(name, tensor);
    }
  }
  const { numerics, ...backend } = header.backend;
  return {
    ...header,
    backend: numerics ? { ...backend, numerics: presentNumerics(numerics) } : backend,
    tensors: {
      model,
      optimizer,
      ...(ema.size > 0 ? { ema } : {}),
      ...(lossScale ? { lossScale } : {}),
    },
  };
}

/** Former versions called the partition of the CPU's threads a schedule. */
function presentNumerics(numerics: Numerics): Numerics {
  const entries = Object.entries(numerics);
  return Object.fromEntries(
    entries.map(([key, value]) => [key === "schedule" ? "partition" : key, value]),
  );
}

/** Whether parsed JSON is a header; the options of the architecture are checked when it is built. */
function isHeader(value: unknown): value is CheckpointHeader {
  if (!isRecord(value) || !isRecord(value.architecture) || !isRecord(value.backend)) return false;
  const { description, architecture: { name, options }, backend, state, seed, metricsBytes } =
    value;
  const { pictures } = value;
  return isDescription(description) && isLine(name) && isRecord(options) &&
    isLine(backend.name) && isLine(backend.description) && Number.isInteger(backend.threads) &&
    (backend.numerics === undefined || isRecord(backend.numerics)) &&
    (pictures === undefined || isLine(pictures)) && isRunState(state) && Number.isInteger(seed) &&
    isCount(metricsBytes);
}

/**
 * The model of a checkpoint with its inference weights.
 * Throws InputError, naming `label`, if the tensors do not fit the architecture or the model's input
 * and output do not match the description.
 */
export function restoreModel(checkpoint: Checkpoint, label?: string): Module {
  const { architecture: { name, options }, description } = checkpoint;
  return orDamaged(label ?? name, "the architecture", () => {
    const model = buildModel(name, options);
    model.loadStateDict(inferenceState(checkpoint));
    requireSignature(inferenceProgram(model, description, 1), description, 1);
    return model;
  });
}

/** The weights that represent a checkpoint outside training: the averaged ones if it has them. */
export function inferenceState({ tensors: { model, ema } }: Checkpoint): StateDict {
  return ema ?? model;
}
