/** A model in training: its compiled programs over one set of variables. */
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
import { floatsOf, type StateDict, type StateTensor } from "../layers/module.ts";
import { BUFFERS, packState, PARAMETERS, unpackState } from "../layers/state.ts";
import { multiplyAccumulates } from "../ops/multiply_accumulates.ts";
import { beforeAccumulation } from "./accumulation.ts";
import { adviseBatch } from "./batch_advice.ts";
import { averageOf } from "./ema.ts";
import { initialLossScale, LOSS_SCALE_VARIABLE } from "./loss_scale.ts";
import { type BatchResult, resultOf, type StepBatch, withoutFilling } from "./evaluation.ts";
import { readNorms, type StepNorms } from "./norms.ts";
import { lossOf, requireAgreement } from "./precision_check.ts";
import { type Phase, phasesOf } from "./phases.ts";
import {
  accumulates,
  batchName,
  evaluationName,
  trainingPrograms,
  updateName,
} from "./programs.ts";
import type { ResolvedRecipe } from "./recipe.ts";
import type { Rates } from "./schedules/schedule.ts";
import type { SessionOptions, SessionPlan } from "./session_plan.ts";
import { lossProgram, PROGRAM, stepScalars } from "./step_program.ts";
import { slotVariable } from "./variables.ts";

/** Which batch of a training one is. */
export interface BatchPlace {
  /** Optimizer steps taken before it. */
  readonly step: number;
  /** Batches of the same step before it. Default 0. */
  readonly part?: number;
  /** Whether the step is taken after it. Default true. */
  readonly endsStep?: boolean;
  /** Whether the step's norms are read; there are some by `withNorms` of the options. Default false. */
  readonly readsNorms?: boolean;
}

/** What one training step found. */
export interface StepResult {
  /** Mean loss over the images, smoothing included. */
  readonly loss: number;
  /** Over the images. */
  readonly sums: Sums;
  /** What the loss was scaled by for its gradients, where it was. */
  readonly lossScale?: number;
  /** Where they were to be read. */
  readonly norms?: StepNorms;
}

/** Trains and evaluates one model on one backend. Call {@link TrainingSession.dispose} at the end. */
export class TrainingSession {
  /** Multiply-accumulate operations of a training step. */
  readonly multiplyAccumulates: number;
  readonly #phases: readonly Phase[];
  readonly #inputs: ReadonlyMap<string, ReadonlySet<string>>;
  /** Computes the first step's loss in full precision, until that step is taken. */
  #fullPrecision: Backend | undefined;
  /** The model's variables before the first step, while a check waits for them. */
  readonly #firstState = new Map<string, Float32Array>();

  private constructor(
    /** What computes. */
    readonly backend: Backend,
    private readonly options: SessionOptions,
    private readonly executable: Executable,
    programs: readonly Program[],
  ) {
    this.#phases = phasesOf(options.recipe, options.epochs);
    this.#fullPrecision = backend.fullPrecision;
    this.multiplyAccumulates = programs[0].nodes
      .reduce((sum, node) => sum + multiplyAccumulates(node), 0);
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

  /** What is trained, and how. */
  get recipe(): ResolvedRecipe {
    return this.options.recipe;
  }

  /**
   * Trains on a batch: takes an optimizer step or, of one of several batches, its part. Where the
   * backend has less than full precision, the first one rejects with RunError if that changes its loss
   * by more than 2 %.
   */
  async train({ arrays, count }: StepBatch, place: BatchPlace, rates: Rates): Promise<StepResult> {
    const { step, part = 0, endsStep = true, readsNorms = false } = place;
    const { stepsPerEpoch = Infinity } = this.options.epochs ?? {};
    const phase = this.#phases.find(({ to }) => step < to * stepsPerEpoch) ?? this.#phases[0];
    const name = batchName(phase, count, this.options);
    const isWhole = !accumulates(this.options);
    const scalars = Object.fromEntries(
      Object.entries(stepScalars(phase.recipe, step, rates, phase.from * stepsPerEpoch))
        .map(([name, value]) => [name, Float32Array.of(value)]),
    );
    const inputs = { ...this.#arraysFor(name, arrays), ...(isWhole ? scalars : {}) };
    if (this.#inputs.get(name)?.has(DROPOUT_STEP)) {
      const { accumulate = 1 } = this.options;
      inputs[DROPOUT_STEP] = this.#dropoutStep(step * accumulate + part);
    }
    const [{ lossScale, ...outputs }, fullLoss, , norms] = await Promise.all([
      this.executable.run(name, inputs),
      this.#takeFullLoss(phase, inputs, count),
      isWhole || !endsStep ? undefined : this.executable.run(updateName(phase), scalars),
      // What is read before the next step is begun is this one's.
      readsNorms ? readNorms(phase.recipe, this.executable) : undefined,
    ]);
    const [loss] = outputs.loss;
    if (fullLoss !== undefined) requireAgreement(loss, fullLoss);
    return {
      loss,
      sums: { ...resultOf(outputs, count).sums, loss: loss * count },
      ...(lossScale ? { lossScale: lossScale[0] } : {}),
      ...(norms ? { norms } : {}),
    };
  }

  /** Evaluates one batch, by the averaged weights where the recipe keeps them. */
  async evaluate(batch: StepBatch): Promise<BatchResult> {
    const { evaluationBatchSize = batch.count } = this.options;
    const own = evaluationName(batch.count, evaluationBatchSize);
    const name = this.#inputs.has(own) ? own : PROGRAM.evaluate;
    const rows = name === own ? withoutFilling(batch, evaluationBatchSize) : batch;
    const inputs = this.#arraysFor(name, rows.arrays);
    return resultOf(await this.executable.run(name, inputs), batch.count);
  }

  /** Copies of all tensors of the training. */
  async snapshot(): Promise<TrainingTensors> {
    const { layout, optimizer, ema, lossScale } = this.recipe;
    const slots = new Map<string, StateDict>();
    for (const slot of optimizer.slots) {
      const arena = await this.executable.read(slotVariable(slot));
      slots.set(slot, unpackState(layout, PARAMETERS, arena));
    }
    return {
      model: await this.#readState((variable) => variable),
      optimizer: slots,
      ...(ema ? { ema: await this.#readState(averageOf) } : {}),
      ...(lossScale ? { lossScale: await this.executable.read(LOSS_SCALE_VARIABLE.name) } : {}),
    };
  }

  /**
   * Takes the tensors of a snapshot. Throws InputError when they do not fit the model or recipe;
   * nothing is changed then.
   */
  restore(tensors: TrainingTensors): void {
    const { optimizer, ema } = this.recipe;
    for (const slot of optimizer.slots) {
      if (!tensors.optimizer.has(slot)) {
        throw new InputError(
          `the checkpoint has no optimizer state "${slot}"; it was written with other ` +
            "optimizer options",
        );
      }
    }
    if (ema && !tensors.ema) {
      throw new InputError("the checkpoint has no averaged weights; it was written without ema");
    }
    this.#write(tensors);
  }

  /** Times each kernel of a training step over `runs` repetitions of the last one, which train too. */
  profile(runs: number): Promise<KernelTiming[]> {
    return this.executable.profile(PROGRAM.step, runs);
  }

  /** Frees memory and threads. */
  dispose(): void {
    this.executable.dispose();
  }

  /** Averages start as the weights; slots that are not given stay zero, which is how they start. */
  #write({ model, optimizer, ema = model, lossScale }: TrainingTensors): void {
    const { recipe } = this;
    const { layout } = recipe;
    const arenas = new Map<string, Float32Array>();
    for (const variable of this.#stateVariables()) {
      const arena = packState(layout, variable, numbersOf(model));
      arenas.set(variable, arena);
      if (this.#fullPrecision) this.#firstState.set(variable, arena);
      if (recipe.ema) {
        arenas.set(averageOf(variable), packState(layout, variable, numbersOf(ema)));
      }
    }
    for (const [slot, state] of optimizer) {
      arenas.set(slotVariable(slot), packState(layout, PARAMETERS, numbersOf(state)));
    }
    if (recipe.lossScale) {
      arenas.set(LOSS_SCALE_VARIABLE.name, lossScale ?? initialLossScale(recipe.lossScale));
    }
    if (accumulates(this.options)) {
      const { name, data } = beforeAccumulation(recipe, arenas.get(BUFFERS) ?? new Float32Array());
      arenas.set(name, data);
    }
    for (const [variable, arena] of arenas) this.executable.write(variable, arena);
  }

  /** The model's tensors as held by a variant of its variables, in state-dict order. */
  async #readState(variantOf: (variable: string) => string): Promise<StateDict> {
    const found = new Map<string, StateTensor>();
    for (const variable of this.#stateVariables()) {
      const arena = await this.executable.read(variantOf(variable));
      for (const [name, tensor] of unpackState(this.recipe.layout, variable, arena)) {
        found.set(name, tensor);
      }
    }
    return found;
  }

  /** The loss of the first step in full precision; undefined where it is not to be checked. */
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

  /** The arrays that a program asks for; a batch may hold others. */
  #arraysFor(program: string, arrays: StepBatch["arrays"]): Record<string, TensorData> {
    return Object.fromEntries(
      Object.entries(arrays).filter(([name]) => this.#inputs.get(program)?.has(name)),
    );
  }

  #stateVariables(): (typeof PARAMETERS | typeof BUFFERS)[] {
    const names = this.recipe.layout.variables.map(({ name }) => name);
    return ([PARAMETERS, BUFFERS] as const).filter((variable) => names.includes(variable));
  }
}

/** Tensors with elements as numbers. */
function numbersOf(state: StateDict): Map<string, { data: Float32Array }> {
  return new Map([...state].map(([name, tensor]) => [name, { data: floatsOf(tensor) }]));
}
