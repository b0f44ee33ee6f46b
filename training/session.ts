/** A model in training: compiled programs with shared variables. */
import { createHash } from "node:crypto";
import {
  type Backend,
  type Executable,
  type KernelTiming,
  MemoryLimitError,
  type TensorData,
} from "../backends/backend.ts";
import type { TrainingTensors } from "../checkpoints/checkpoint.ts";
import type { Sums } from "../checkpoints/run_state.ts";
import { InputError } from "../errors.ts";
import { programInputs } from "../graph/leaves.ts";
import { RandomStream, STREAM } from "../graph/random.ts";
import type { Program } from "../graph/types.ts";
import { DROPOUT_STEP } from "../layers/dropout.ts";
import { BUFFERS } from "../layers/state.ts";
import { multiplyAccumulates } from "../ops/multiply_accumulates.ts";
import { sum } from "../reporting/statistics.ts";
import { beforeAccumulation } from "./accumulation.ts";
import { adviseBatch } from "./batch_advice.ts";
import { type BatchResult, resultOf, type StepBatch, withoutFilling } from "./evaluation.ts";
import { readNorms, type StepNorms } from "./norms.ts";
import { lossOf, requireAgreement } from "./precision_check.ts";
import { type Phase, phasesOf } from "./phases.ts";
import {
  accumulates,
  batchName,
  evaluationName,
  isSharded,
  partsOf,
  trainingPrograms,
  updateName,
} from "./programs.ts";
import type { ResolvedRecipe } from "./recipe.ts";
import type { Rates } from "./schedules/schedule.ts";
import type { SessionOptions, SessionPlan } from "./session_plan.ts";
import { arenasOf, readTensors, requireTensors, stateVariables } from "./session_tensors.ts";
import { ShardSum } from "./sharding.ts";
import { lossProgram, PROGRAM, stepScalars } from "./step_program.ts";

/** The position of a batch in a training. */
export interface BatchPlace {
  /** Optimizer steps taken before it. */
  readonly step: number;
  /** Batches of the same step before it, including those of other ranks. Default 0. */
  readonly part?: number;
  /** Batches of the step on all ranks together. Default 1. */
  readonly parts?: number;
  /** Whether the step is taken after it. Default true. */
  readonly endsStep?: boolean;
  /** Whether the step's norms are read, which needs the option `withNorms`. Default false. */
  readonly readsNorms?: boolean;
}

/** The results of training on a batch. */
export interface StepResult {
  /** Mean loss over the images, smoothing included. */
  readonly loss: number;
  /** Over the images. */
  readonly sums: Sums;
  /** The loss scale of its gradients, if it was scaled. */
  readonly lossScale?: number;
  readonly norms?: StepNorms;
}

/** Trains and evaluates one model on one backend. Call {@link TrainingSession.dispose} at the end. */
export class TrainingSession {
  /** Multiply-accumulate operations of a training step. */
  readonly multiplyAccumulates: number;
  readonly #phases: readonly Phase[];
  readonly #inputs: ReadonlyMap<string, ReadonlySet<string>>;
  /** Computes the first step's loss in full precision; dropped after that step. */
  #fullPrecision: Backend | undefined;
  /** Adds up the contributions of shards, if batches are divided into shards. */
  readonly #shards: ShardSum | undefined;
  /** The model's variables before the first step, while a check needs them. */
  readonly #firstState = new Map<string, Float32Array>();

  private constructor(
    readonly backend: Backend,
    private readonly options: SessionOptions,
    private readonly executable: Executable,
    programs: readonly Program[],
  ) {
    this.#phases = phasesOf(options.recipe, options.epochs);
    this.#fullPrecision = backend.fullPrecision;
    this.#shards = isSharded(options) ? new ShardSum(executable, options) : undefined;
    this.multiplyAccumulates = sum(programs[0].nodes.map(multiplyAccumulates));
    this.#inputs = new Map(
      programs.map((program) => [
        program.name,
        new Set(programInputs(program).map(({ name }) => name)),
      ]),
    );
  }

  /**
   * Compiles the programs of a training and starts from the model's present parameters.
   * Throws InputError, naming the largest batch that fits, when memory is short.
   */
  static async create(
    backend: Backend,
    { options, programs }: SessionPlan,
  ): Promise<TrainingSession> {
    let executable: Executable;
    try {
      executable = await backend.compile(programs);
    } catch (error) {
      if (!(error instanceof MemoryLimitError)) throw error;
      const { lastBatchSize: _, lastEvaluationBatchSize: __, ...rest } = options;
      const advice = adviseBatch(
        options,
        (sizes) => backend.plan(trainingPrograms({ ...rest, ...sizes })).fits,
      );
      throw new InputError(`${error.message}. ${advice}`);
    }
    const session = new TrainingSession(backend, options, executable, programs);
    session.#write({ model: options.recipe.model.stateDict(), optimizer: new Map() });
    return session;
  }

  get recipe(): ResolvedRecipe {
    return this.options.recipe;
  }

  /**
   * Trains on a batch: takes an optimizer step or, of one of several batches, its part. If several
   * ranks train, the rank that ends a step must wait until it is taken. If the backend has less
   * than full precision, the first step rejects with RunError if that changes its loss by more than
   * 2 %.
   */
  async train(batch: StepBatch, place: BatchPlace, rates: Rates): Promise<StepResult> {
    const { phase, scalars } = this.#stepAt(place, rates);
    const [result, norms] = await Promise.all([
      this.#trainOn(batch, phase, place, scalars),
      place.endsStep === false ? undefined : this.#endStep(phase, place, scalars),
    ]);
    return { ...result, ...(norms ? { norms } : {}) };
  }

  /** Takes a step whose batches all belong to other ranks. */
  async follow(place: BatchPlace, rates: Rates): Promise<void> {
    const { phase, scalars } = this.#stepAt(place, rates);
    await this.#endStep(phase, place, scalars);
  }

  #stepAt({ step }: BatchPlace, rates: Rates) {
    const { stepsPerEpoch = Infinity } = this.options.epochs ?? {};
    const phase = this.#phases.find(({ to }) => step < to * stepsPerEpoch) ?? this.#phases[0];
    const numbers = stepScalars(phase.recipe, step, rates, phase.from * stepsPerEpoch);
    const scalars = Object.fromEntries(
      Object.entries(numbers).map(([name, value]) => [name, Float32Array.of(value)]),
    );
    return { phase, scalars };
  }

  /** Runs the programs of a batch before it returns. */
  async #trainOn(
    { arrays, count }: StepBatch,
    phase: Phase,
    { step, part = 0, parts = 1 }: BatchPlace,
    scalars: Readonly<Record<string, Float32Array>>,
  ): Promise<StepResult> {
    const stepParts = partsOf(this.options);
    const name = batchName(phase, count, this.options);
    const inputs = {
      ...this.#arraysFor(name, arrays),
      ...(stepParts === 1 ? scalars : {}),
    };
    if (this.#inputs.get(name)?.has(DROPOUT_STEP)) {
      inputs[DROPOUT_STEP] = this.#dropoutStep(step * stepParts + part);
    }
    const [{ lossScale, ...outputs }, fullLoss] = await Promise.all([
      this.executable.run(name, inputs),
      this.#takeFullLoss(phase, inputs, count),
      this.#shards?.add(part, parts),
    ]);
    const [loss] = outputs.loss;
    if (fullLoss !== undefined) requireAgreement(loss, fullLoss);
    return {
      loss,
      sums: { ...resultOf(outputs, count).sums, loss: loss * count },
      ...(lossScale ? { lossScale: lossScale[0] } : {}),
    };
  }

  /** Values read before the next step starts belong to this one. */
  async #endStep(
    phase: Phase,
    { parts = 1, readsNorms = false }: BatchPlace,
    scalars: Readonly<Record<string, Float32Array>>,
  ): Promise<StepNorms | undefined> {
    const exchange = this.#shards?.exchange(parts);
    if (exchange) await exchange;
    const [, norms] = await Promise.all([
      partsOf(this.options) > 1 ? this.executable.run(updateName(phase), scalars) : undefined,
      readsNorms ? readNorms(phase.recipe, this.executable) : undefined,
    ]);
    return norms;
  }

  /** Evaluates one batch, with the averaged weights if the recipe has them. */
  async evaluate(batch: StepBatch): Promise<BatchResult> {
    const { evaluationBatchSize = batch.count } = this.options;
    const own = evaluationName(batch.count, evaluationBatchSize);
    const name = this.#inputs.has(own) ? own : PROGRAM.evaluate;
    const rows = name === own ? withoutFilling(batch, evaluationBatchSize) : batch;
    const inputs = this.#arraysFor(name, rows.arrays);
    return resultOf(await this.executable.run(name, inputs), batch.count);
  }

  /** Copies of all tensors of the training. */
  snapshot(): Promise<TrainingTensors> {
    return readTensors(this.recipe, this.executable);
  }

  /** A digest of the model's parameters and buffers. */
  async digest(): Promise<string> {
    const hash = createHash("sha256");
    for (const variable of stateVariables(this.recipe)) {
      hash.update(await this.executable.read(variable));
    }
    return hash.digest("hex");
  }

  /**
   * Takes the tensors of a snapshot. Throws InputError, and changes nothing, if they do not fit the
   * model or recipe.
   */
  restore(tensors: TrainingTensors): void {
    requireTensors(this.recipe, tensors);
    this.#write(tensors);
  }

  /**
   * Times each kernel of a training step, or of its last batch of several, over `runs` repetitions
   * of the last one, which also train.
   */
  profile(runs: number): Promise<KernelTiming[]> {
    const name = batchName(this.#phases[0], this.options.batchSize, this.options);
    return this.executable.profile(name, runs);
  }

  /** Frees memory and threads. */
  dispose(): void {
    this.executable.dispose();
  }

  #write(tensors: TrainingTensors): void {
    const { recipe } = this;
    const arenas = arenasOf(recipe, tensors);
    if (this.#fullPrecision) {
      for (const name of stateVariables(recipe)) this.#firstState.set(name, arenas.get(name)!);
    }
    if (accumulates(this.options)) {
      const { name, data } = beforeAccumulation(recipe, arenas.get(BUFFERS) ?? new Float32Array());
      arenas.set(name, data);
    }
    for (const [variable, arena] of arenas) this.executable.write(variable, arena);
  }

  /** The loss of the first step in full precision; undefined if it is not checked. */
  async #takeFullLoss(
    { recipe }: Phase,
    inputs: Readonly<Record<string, TensorData>>,
    batchSize: number,
  ): Promise<number | undefined> {
    const backend = this.#fullPrecision;
    if (!backend) return undefined;
    this.#fullPrecision = undefined;
    const program = lossProgram({ ...this.options, recipe, batchSize });
    try {
      return await lossOf(backend, program, this.#firstState, inputs);
    } finally {
      this.#firstState.clear();
    }
  }

  #dropoutStep(batch: number): Int32Array {
    const { seed } = this.options;
    const random = new RandomStream({ seed, stream: STREAM.dropout, sample: batch });
    return Int32Array.of(random.uint32());
  }

  /** The arrays that a program needs; a batch may contain others. */
  #arraysFor(program: string, arrays: StepBatch["arrays"]): Record<string, TensorData> {
    return Object.fromEntries(
      Object.entries(arrays).filter(([name]) => this.#inputs.get(program)?.has(name)),
    );
  }
}
