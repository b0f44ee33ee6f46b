/**
 * The training loop: epochs of optimizer steps, validation, checkpoints.
 *
 * Results of steps may come late: a few steps are in flight at once, and the position of the run
 * only counts steps whose results are in. A run that is stopped and resumed from its last
 * checkpoint takes exactly the steps an unbroken run takes.
 */
import type { TrainingTensors } from "../checkpoints/checkpoint.ts";
import { type Metrics, type RunState, START } from "../checkpoints/run_state.ts";
import { DeviceError } from "../backends/backend.ts";
import { RunError } from "../errors.ts";
import { describeNoNumbers } from "./finite.ts";
import { LEAST_LOSS_SCALE } from "./loss_scale.ts";
import { Evaluation, type StepBatch } from "./evaluation.ts";
import { loggedMetrics } from "./metrics/metric.ts";
import type { Monitor, Objective } from "./objectives/objective.ts";
import type { TrainingObserver, TrainingStore } from "./observer.ts";
import { Pipeline } from "./pipeline.ts";
import type { ParsedRunOptions } from "./run_options.ts";
import type { Rates, Schedule } from "./schedules/schedule.ts";
import type { StepResult, TrainingSession } from "./session.ts";
import { addSums, cleared } from "./sums.ts";

/** Milliseconds after which the event loop gets its turn, so that signals arrive. */
const BREATH_INTERVAL = 50;

/** Where batches come from. */
export interface TrainingData {
  /** Optimizer steps in an epoch. */
  readonly stepsPerEpoch: number;
  /** The batches of an epoch (from 0), from number `first` on; always the same ones. */
  batches(epoch: number, first: number): AsyncIterable<StepBatch>;
  /** The images to validate on, the same at every call. Default: nothing is validated. */
  validationBatches?(): AsyncIterable<StepBatch>;
}

/** What a training tells and keeps on the way. */
export interface LoopHooks {
  /** Keeps checkpoints and the metrics log. Default: none. */
  readonly store?: TrainingStore;
  /** Receives the training's progress. Default: none. */
  readonly observer?: TrainingObserver;
  /** Stops the training after the step under way, saved. */
  readonly signal?: AbortSignal;
}

/** Options of {@link runTraining}. */
export interface LoopOptions extends LoopHooks, Omit<ParsedRunOptions, "schedule"> {
  readonly session: TrainingSession;
  readonly data: TrainingData;
  readonly schedule: Schedule;
  /** Where to go on; the session must hold the tensors of that position. Default: the start. */
  readonly start?: RunState;
}

/** How a training ended. */
export interface TrainingOutcome {
  /** `interrupted`: stopped by the signal before the last epoch was done. */
  readonly status: "completed" | "interrupted";
  /** The position it ended at. */
  readonly state: RunState;
}

/**
 * Trains until the last epoch is done or `signal` asks to stop.
 * Throws RunError, naming step, learning rate and last good checkpoint, when the loss or a weight is
 * no longer finite; DeviceError, naming the same, when the device fails.
 */
export function runTraining(options: LoopOptions): Promise<TrainingOutcome> {
  return new TrainingLoop(options).run();
}

/** A step whose result is in. */
interface Settled {
  readonly result: StepResult;
  readonly rates: Rates;
}

class TrainingLoop {
  readonly #steps: Pipeline<Settled>;
  /** The position after the last step whose result is in. */
  #state: RunState;
  #lastBreath = performance.now();
  #lastSave = performance.now();

  constructor(private readonly options: LoopOptions) {
    this.#steps = new Pipeline(options.session.backend);
    this.#state = options.start ?? START;
  }

  async run(): Promise<TrainingOutcome> {
    try {
      return await this.#run();
    } catch (error) {
      throw error instanceof DeviceError ? this.#interruptedBy(error) : error;
    }
  }

  async #run(): Promise<TrainingOutcome> {
    const { epochs, data: { stepsPerEpoch }, observer, store } = this.options;
    await store?.start?.();
    // A run that has begun always has a checkpoint: one without has lost it.
    if (store && !this.options.start) await this.#save("last", await this.#snapshot());
    observer?.start?.({ stepsPerEpoch, epochs, state: this.#state });
    while (this.#state.epoch < epochs) {
      await this.#trainEpoch();
      const validation = await this.#validate();
      if (this.#stopping) {
        await this.#save("last", await this.#snapshot());
        return { status: "interrupted", state: this.#state };
      }
      await this.#finishEpoch(validation);
    }
    return { status: "completed", state: this.#state };
  }

  get #objective(): Objective {
    return this.options.session.recipe.objective;
  }

  get #stopping(): boolean {
    return this.options.signal?.aborted ?? false;
  }

  /** Takes the steps of the epoch that are left. */
  async #trainEpoch(): Promise<void> {
    const { session, data, schedule } = this.options;
    const { epoch, batch: first } = this.#state;
    let step = this.#state.step;
    if (first === data.stepsPerEpoch || this.#stopping) return;
    for await (const batch of data.batches(epoch, first)) {
      const rates = schedule(step);
      this.#steps.add(
        session.step(batch, step, rates).then((result) => ({ result, rates })),
      );
      step++;
      if (this.#steps.isFull) await this.#settleOldest();
      await this.#breathe();
      if (this.#stopping) break;
      if (this.#saveIsDue(step)) {
        await this.#settleAll();
        await this.#save("last", await this.#snapshot());
      }
    }
    await this.#settleAll();
  }

  async #settleAll(): Promise<void> {
    while (this.#steps.size > 0) await this.#settleOldest();
  }

  async #settleOldest(): Promise<void> {
    const { result, rates: { learningRate } } = await this.#steps.take();
    const { loss, lossScale } = result;
    const { step, epoch, batch, sums } = this.#state;
    if (!Number.isFinite(loss)) throw this.#diverged(`the loss is ${loss}`, step, learningRate);
    if (lossScale !== undefined && lossScale < LEAST_LOSS_SCALE) {
      throw this.#diverged("the gradients stay infinite or NaN", step, learningRate);
    }
    this.#state = {
      ...this.#state,
      step: step + 1,
      batch: batch + 1,
      sums: addSums(sums, result.sums),
    };
    const { observer, store, logEvery } = this.options;
    const logged = (step + 1) % logEvery === 0;
    const position = { epoch: epoch + 1, step: step + 1, learningRate, loss };
    if (logged) await store?.log({ event: "step", ...position });
    const epochMean = this.#objective.summarize(this.#state.sums);
    observer?.step?.({ ...position, batch: batch + 1, epochMean, logged });
  }

  /** Undefined where nothing is to be validated, or the training is stopping. */
  async #validate(): Promise<Metrics | undefined> {
    const { session, data, epochs, validateEvery, observer } = this.options;
    const epoch = this.#state.epoch + 1;
    if (!data.validationBatches || this.#stopping) return undefined;
    if (epoch % validateEvery !== 0 && epoch !== epochs) return undefined;
    const evaluation = new Evaluation(
      this.#objective,
      session.backend,
      (batch) => session.evaluate(batch),
    );
    for await (const count of evaluation.over(data.validationBatches())) {
      observer?.validating?.(count);
      await this.#breathe();
      if (this.#stopping) return undefined;
    }
    return evaluation.metrics();
  }

  async #finishEpoch(validation: Metrics | undefined): Promise<void> {
    const { store, schedule, observer, keepBest } = this.options;
    const { step, epoch, sums, best } = this.#state;
    const { monitor } = this.options.session.recipe;
    const tensors = store && await this.#snapshot();
    const isBest = validation !== undefined && isBetter(validation, best, monitor);
    this.#state = {
      step,
      epoch: epoch + 1,
      batch: 0,
      sums: cleared(sums),
      validation: validation ?? this.#state.validation,
      best: isBest ? { ...validation, epoch: epoch + 1 } : best,
    };
    const train = this.#objective.summarize(sums);
    const { learningRate } = schedule(step - 1);
    await store?.log({
      event: "epoch",
      epoch: epoch + 1,
      step,
      learningRate,
      ...loggedMetrics(train, validation),
    });
    if (tensors) {
      if (isBest && keepBest) await this.#save("best", tensors);
      await this.#save("last", tensors);
    }
    observer?.epoch?.({ epoch: epoch + 1, step, learningRate, train, validation, isBest });
  }

  /** Throws RunError rather than let a checkpoint be replaced by weights that are not finite. */
  async #snapshot(): Promise<TrainingTensors> {
    const tensors = await this.options.session.snapshot();
    const found = describeNoNumbers(tensors);
    if (found === undefined) return tensors;
    const step = Math.max(0, this.#state.step - 1);
    const { learningRate } = this.options.schedule(step);
    throw this.#diverged(found, step, learningRate);
  }

  async #save(kind: "last" | "best", tensors: TrainingTensors): Promise<void> {
    await this.options.store?.save(kind, tensors, this.#state);
    this.#lastSave = performance.now();
  }

  #saveIsDue(step: number): boolean {
    const { store, saveEverySteps, saveEveryMinutes } = this.options;
    if (!store) return false;
    if (saveEverySteps !== undefined && step % saveEverySteps === 0) return true;
    return saveEveryMinutes !== undefined &&
      performance.now() - this.#lastSave >= saveEveryMinutes * 60_000;
  }

  /** Lets the event loop run now and then: on some backends nothing else would. */
  async #breathe(): Promise<void> {
    if (performance.now() - this.#lastBreath < BREATH_INTERVAL) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#lastBreath = performance.now();
  }

  #interruptedBy(error: DeviceError): DeviceError {
    const { step, epoch } = this.#state;
    const checkpoint = this.options.store?.lastCheckpoint();
    return new DeviceError(
      `${error.message}; the training had taken ${step} steps (epoch ${epoch + 1}). ` +
        (checkpoint
          ? `Resume from the last checkpoint, ${checkpoint}.`
          : "No checkpoint had been saved yet: start again."),
      { cause: error },
    );
  }

  /** @param step steps taken before the one that went wrong */
  #diverged(what: string, step: number, learningRate: number): RunError {
    if (this.#state.step === (this.options.start ?? START).step) {
      return new RunError(
        `${what} before any weight was changed: look at the weights it goes on from and at the ` +
          "images and their normalization, not at the learning rate",
      );
    }
    const checkpoint = this.options.store?.lastCheckpoint();
    return new RunError(
      `the training diverged: ${what} at step ${step + 1} (epoch ${this.#state.epoch + 1}), ` +
        `learning rate ${learningRate}. ` +
        (checkpoint
          ? `The last good checkpoint is ${checkpoint}. `
          : "No checkpoint had been saved yet. ") +
        "Lower training.optimizer.learningRate, add a warm-up or set training.clip.",
    );
  }
}

/** A better value of the monitored metric, or the same or none again with a lower loss. */
function isBetter(found: Metrics, best: Metrics | undefined, { metric, mode }: Monitor): boolean {
  if (!best) return true;
  // A checkpoint's null, and NaN, are none.
  const [now, before] = [found[metric], best[metric]];
  const isTie = now === before || !Number.isFinite(now) && !Number.isFinite(before);
  if (isTie) return !Number.isFinite(best.loss) || found.loss < best.loss;
  if (!Number.isFinite(before)) return true;
  return mode === "max" ? now > before : now < before;
}
