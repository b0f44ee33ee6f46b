/** A model in training: its compiled programs over one set of variables. */
import {
  type Backend,
  type Executable,
  type KernelTiming,
  MemoryLimitError,
  type TensorData,
} from "../backends/backend.ts";
import type { TrainingTensors } from "../checkpoints/checkpoint.ts";
import type { MetricSums } from "../checkpoints/run_state.ts";
import { InputError } from "../errors.ts";
import { programInputs } from "../graph/leaves.ts";
import { RandomStream, STREAM } from "../graph/random.ts";
import type { Program } from "../graph/types.ts";
import { DROPOUT_STEP } from "../layers/dropout.ts";
import type { Module, StateDict, StateTensor } from "../layers/module.ts";
import {
  BUFFERS,
  layoutState,
  packState,
  PARAMETERS,
  type StateLayout,
  unpackState,
} from "../layers/state.ts";
import { multiplyAccumulates } from "../ops/multiply_accumulates.ts";
import { adviseBatch } from "./batch_advice.ts";
import { initialLossScale, LOSS_SCALE_VARIABLE } from "./loss_scale.ts";
import { createOptimizer } from "./optimizers.ts";
import { lossOf, requireAgreement } from "./precision_check.ts";
import type { Rates } from "./schedules.ts";
import {
  evaluationProgram,
  type Feed,
  lossProgram,
  PROGRAM,
  type Recipe,
  stepScalars,
  trainingProgram,
} from "./step_program.ts";
import { averageOf, slotVariable } from "./update.ts";

/** Options of {@link Learner.create}. */
export interface LearnerOptions {
  readonly model: Module;
  readonly recipe: Recipe;
  readonly feed: Extract<Feed, { kind: "pixels" }>;
  /** Seed of dropout. */
  readonly seed: number;
  /** Images in a training step. */
  readonly batchSize: number;
  /** Images in the last step of an epoch, if it is a smaller one. */
  readonly lastBatchSize?: number;
  /** Images in a step of validation; default: nothing is validated. */
  readonly evaluationBatchSize?: number;
}

/** Images of one step. The arrays may be overwritten once the call they were given to returns. */
export interface ImageBatch {
  /** u8 [N, H, W, C]. */
  readonly pixels: Uint8Array;
  /** i32 [N]; negative where the batch is filled up. */
  readonly labels: Int32Array;
  /** i32 [N, 3]: offsetY, offsetX, flip; only read while training. */
  readonly transforms: Int32Array;
  /** Images that are not filling. */
  readonly count: number;
}

/** What one training step found. */
export interface StepResult {
  /** Mean loss over the images, smoothing included. */
  readonly loss: number;
  /** Images classified rightly. */
  readonly correct: number;
  /** What the loss was scaled by for its gradients, where it was. */
  readonly lossScale?: number;
}

/** Trains and evaluates one model on one backend. Call {@link Learner.dispose} at the end. */
export class Learner {
  readonly #options: LearnerOptions;
  readonly #layout: StateLayout;
  readonly #executable: Executable;
  /** Computes the first step's loss in full precision, until that step is taken. */
  #fullPrecision: Backend | undefined;
  /** The model's variables before the first step, while a check waits for them. */
  readonly #firstState = new Map<string, Float32Array>();

  readonly #hasDropout: boolean;
  readonly #multiplyAccumulates: number;

  private constructor(
    options: LearnerOptions,
    layout: StateLayout,
    executable: Executable,
    programs: readonly Program[],
    fullPrecision: Backend | undefined,
  ) {
    this.#fullPrecision = fullPrecision;
    this.#options = options;
    this.#layout = layout;
    this.#executable = executable;
    this.#multiplyAccumulates = programs[0].nodes
      .reduce((sum, node) => sum + multiplyAccumulates(node), 0);
    this.#hasDropout = programInputs(programs[0]).some(({ name }) => name === DROPOUT_STEP);
  }

  /**
   * Compiles the programs of a training and starts from the model's present parameters.
   * Throws InputError, naming the largest batch that fits, when memory is short.
   */
  static async create(backend: Backend, given: LearnerOptions): Promise<Learner> {
    const options = backend.fullPrecision
      ? { ...given, recipe: { ...given.recipe, lossScale: given.recipe.lossScale ?? {} } }
      : given;
    const layout = layoutState(options.model);
    const programs = tracePrograms(layout, options);
    let executable: Executable;
    try {
      executable = await backend.compile(programs);
    } catch (error) {
      if (!(error instanceof MemoryLimitError)) throw error;
      const { lastBatchSize: _, ...rest } = options;
      const advice = adviseBatch(options, (sizes) => {
        const smaller = tracePrograms(layout, { ...rest, ...sizes });
        return backend.plan(smaller).fits;
      });
      throw new InputError(`${error.message}. ${advice}`);
    }
    const learner = new Learner(
      options,
      layout,
      executable,
      programs,
      backend.fullPrecision,
    );
    learner.#write({ model: options.model.stateDict(), optimizer: new Map() });
    return learner;
  }

  /**
   * Takes an optimizer step. Where the backend has less than full precision, the first one rejects
   * with RunError if that changes its loss by more than 2 %.
   *
   * @param step optimizer steps taken before this one
   */
  async step(batch: ImageBatch, step: number, rates: Rates): Promise<StepResult> {
    const { recipe, batchSize } = this.#options;
    const { pixels, labels, transforms } = batch;
    const inputs: Record<string, TensorData> = { pixels, labels, transforms };
    for (const [name, value] of Object.entries(stepScalars(recipe, step, rates))) {
      inputs[name] = Float32Array.of(value);
    }
    if (this.#hasDropout) inputs[DROPOUT_STEP] = this.#dropoutStep(step);
    const name = trainingName(labels.length, batchSize);
    const [{ loss, correct, lossScale }, fullLoss] = await Promise.all([
      this.#executable.run(name, inputs),
      this.#takeFullLoss(inputs, labels.length),
    ]);
    if (fullLoss !== undefined) requireAgreement(loss[0], fullLoss);
    return {
      loss: loss[0],
      correct: correct[0],
      ...(lossScale ? { lossScale: lossScale[0] } : {}),
    };
  }

  /** Loss and right answers on one batch, by the averaged weights where the recipe keeps them. */
  async evaluate({ pixels, labels, count }: ImageBatch): Promise<MetricSums> {
    const { loss, correct } = await this.#executable.run(PROGRAM.evaluate, { pixels, labels });
    return { loss: loss[0], correct: correct[0], count };
  }

  /** Copies of all tensors of the training. */
  async snapshot(): Promise<TrainingTensors> {
    const { recipe } = this.#options;
    const slots = new Map<string, StateDict>();
    for (const slot of createOptimizer(recipe.optimizer).slots) {
      const arena = await this.#executable.read(slotVariable(slot));
      slots.set(slot, unpackState(this.#layout, PARAMETERS, arena));
    }
    return {
      model: await this.#readState((variable) => variable),
      optimizer: slots,
      ...(recipe.ema ? { ema: await this.#readState(averageOf) } : {}),
      ...(recipe.lossScale
        ? { lossScale: await this.#executable.read(LOSS_SCALE_VARIABLE.name) }
        : {}),
    };
  }

  /**
   * Takes the tensors of a snapshot. Throws InputError when they do not fit the model or recipe;
   * nothing is changed then.
   */
  restore(tensors: TrainingTensors): void {
    const { optimizer, ema } = this.#options.recipe;
    for (const slot of createOptimizer(optimizer).slots) {
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

  /** Multiply-accumulate operations of a training step. */
  get multiplyAccumulates(): number {
    return this.#multiplyAccumulates;
  }

  /** Times each kernel of a training step over `runs` repetitions of the last one, which train too. */
  profile(runs: number): Promise<KernelTiming[]> {
    return this.#executable.profile(PROGRAM.train, runs);
  }

  /** Frees memory and threads. */
  dispose(): void {
    this.#executable.dispose();
  }

  /** Averages start as the weights; slots that are not given stay zero, which is how they start. */
  #write({ model, optimizer, ema = model, lossScale }: TrainingTensors): void {
    const arenas = new Map<string, Float32Array>();
    for (const variable of this.#stateVariables()) {
      const arena = packState(this.#layout, variable, numbersOf(model));
      arenas.set(variable, arena);
      if (this.#fullPrecision) this.#firstState.set(variable, arena);
      if (this.#options.recipe.ema) {
        arenas.set(averageOf(variable), packState(this.#layout, variable, numbersOf(ema)));
      }
    }
    for (const [slot, state] of optimizer) {
      arenas.set(slotVariable(slot), packState(this.#layout, PARAMETERS, numbersOf(state)));
    }
    const { recipe } = this.#options;
    if (recipe.lossScale) {
      arenas.set(LOSS_SCALE_VARIABLE.name, lossScale ?? initialLossScale(recipe.lossScale));
    }
    for (const [variable, arena] of arenas) this.#executable.write(variable, arena);
  }

  /** The model's tensors as held by a variant of its variables, in state-dict order. */
  async #readState(variantOf: (variable: string) => string): Promise<StateDict> {
    const found = new Map<string, StateTensor>();
    for (const variable of this.#stateVariables()) {
      const arena = await this.#executable.read(variantOf(variable));
      for (const [name, tensor] of unpackState(this.#layout, variable, arena)) {
        found.set(name, tensor);
      }
    }
    return found;
  }

  /** The loss of the first step in full precision; undefined where it is not to be checked. */
  async #takeFullLoss(
    inputs: Readonly<Record<string, TensorData>>,
    size: number,
  ): Promise<number | undefined> {
    const backend = this.#fullPrecision;
    if (!backend) return undefined;
    this.#fullPrecision = undefined;
    const { model, recipe, feed } = this.#options;
    const program = lossProgram(model, this.#layout, recipe, feed, size);
    try {
      return await lossOf(backend, program, this.#firstState, inputs);
    } finally {
      this.#firstState.clear();
    }
  }

  #dropoutStep(step: number): Int32Array {
    const { seed } = this.#options;
    return Int32Array.of(new RandomStream({ seed, stream: STREAM.dropout, sample: step }).uint32());
  }

  #stateVariables(): (typeof PARAMETERS | typeof BUFFERS)[] {
    const names = this.#layout.variables.map(({ name }) => name);
    return ([PARAMETERS, BUFFERS] as const).filter((variable) => names.includes(variable));
  }
}

/** Every training step's program and the one that validates. */
function tracePrograms(layout: StateLayout, options: LearnerOptions): Program[] {
  const { model, recipe, feed, batchSize, lastBatchSize, evaluationBatchSize } = options;
  const training = [batchSize, ...(lastBatchSize === undefined ? [] : [lastBatchSize])].map(
    (size) =>
      trainingProgram(model, layout, recipe, feed, size, { name: trainingName(size, batchSize) }),
  );
  if (evaluationBatchSize === undefined) return training;
  const averaged = recipe.ema !== undefined;
  return [...training, evaluationProgram(model, layout, feed, evaluationBatchSize, averaged)];
}

function trainingName(size: number, batchSize: number): string {
  return size === batchSize ? PROGRAM.train : `${PROGRAM.train}.${size}`;
}

/** Tensors with elements as numbers; 64-bit integers of other writers become floats. */
function numbersOf(state: StateDict): Map<string, { data: Float32Array }> {
  return new Map(
    [...state].map(([name, { data }]) => [
      name,
      { data: data instanceof Float32Array ? data : Float32Array.from(data, Number) },
    ]),
  );
}
