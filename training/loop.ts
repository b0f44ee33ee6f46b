/**
 * The training loop: epochs of optimizer steps, validation, checkpoints.
 *
 * Results of steps may arrive late: a few steps are in flight at once, and the position of the run
 * only counts steps whose results have arrived. A run that is stopped and resumed from its last
 * checkpoint takes exactly the steps of an uninterrupted run.
 */
import type { TrainingTensors } from "../checkpoints/checkpoint.ts";
import { type Metrics, type RunState, START } from "../checkpoints/run_state.ts";
import { DeviceError } from "../backends/backend.ts";
import type { RunError } from "../errors.ts";
import { ALONE, type Ranks } from "../ranks/ranks.ts";
import { Agreement, thrownByAll } from "./agreement.ts";
import type { TrainingData } from "./data.ts";
import { hasStoppedEarly } from "./early_stopping.ts";
import { brokenFromTheStart, diverged, DivergedError, interruptedBy } from "./failures.ts";
import { describeNoNumbers } from "./finite.ts";
import { JointSteps, problemOf, togetherOf } from "./joint_steps.ts";
import { loggedMetrics } from "./metrics/metric.ts";
import { isBetter } from "./metrics/monitor.ts";
import type { Objective } from "./objectives/objective.ts";
import type { LoopHooks, TrainingOutcome } from "./observer.ts";
import { loggedNorms } from "./norms.ts";
import { Pipeline } from "./pipeline.ts";
import type { ParsedRunOptions } from "./run_options.ts";
import type { Rates, Schedule } from "./schedules/schedule.ts";
import type { StepResult, TrainingSession } from "./session.ts";
import { addSums, cleared } from "./sums.ts";
import { Timing } from "./timing.ts";
import { remembered, validate } from "./validation.ts";

/** Options of {@link runTraining}. */
interface LoopOptions extends LoopHooks, Omit<ParsedRunOptions, "schedule"> {
  readonly session: TrainingSession;
  readonly data: TrainingData;
  readonly schedule: Schedule;
  /** The ranks that train together. Default: this process alone. */
  readonly ranks?: Ranks;
  /** The position to continue from; the session must contain its tensors. Default: the start. */
  readonly start?: RunState;
}

/**
 * Trains until the last epoch is done, validations stop improving, the time is over or `signal`
 * asks to stop. At least one step is taken, or the validation that is due. Throws RunError, naming
 * step, learning rate and last good checkpoint, when the loss or a weight is no longer finite;
 * DeviceError, naming the same, when the device fails.
 */
export function runTraining(options: LoopOptions): Promise<TrainingOutcome> {
  return new TrainingLoop(options).run();
}

/** A batch whose results have arrived; without results if those of its step arrive at its end. */
interface Settled {
  readonly results: readonly StepResult[];
  readonly rates: Rates;
  readonly endsStep: boolean;
}

class TrainingLoop {
  readonly #batches: Pipeline<Settled>;
  readonly #agreement: Agreement;
  readonly #steps: JointSteps;
  /** State of an unfinished step. */
  #results: StepResult[] = [];
  readonly #start: RunState;
  /** The position after the last step whose result has arrived. */
  #state: RunState;
  readonly #timing: Timing;
  /** Time of the epoch's training in this process: in total, and without a batch. */
  #seconds = [0, 0];

  constructor(private readonly options: LoopOptions) {
    this.#batches = new Pipeline(options.session.backend);
    this.#state = this.#start = options.start ?? START;
    const timing = this.#timing = new Timing(options, options.session.backend);
    const { ranks = ALONE, signal, session } = options;
    this.#agreement = new Agreement(ranks, {
      get stopping() {
        return signal?.aborted ?? false;
      },
      get isOver() {
        return timing.isOver;
      },
    });
    this.#steps = new JointSteps(session, this.#agreement);
  }

  async run(): Promise<TrainingOutcome> {
    try {
      return await this.#run();
    } catch (error) {
      if (error instanceof DivergedError) {
        const { epoch, step } = this.#state;
        await this.options.store?.log({ event: "diverged", epoch: epoch + 1, step });
      }
      throw error instanceof DeviceError ? interruptedBy(error, this.#failed) : error;
    }
  }

  async #run(): Promise<TrainingOutcome> {
    const { epochs, data, data: { stepsPerEpoch }, observer, store } = this.options;
    await store?.start?.();
    // A run that has started always has a checkpoint: one without has lost it.
    if (store && !this.options.start) await this.#save("last", await this.#snapshot());
    const complaints = this.#agreement.named(data.complaints);
    observer?.start?.({ stepsPerEpoch, epochs, state: this.#state, complaints });
    for (let end = this.#end;; end = this.#end) {
      if (end) {
        if (end !== "out of time") await store?.complete?.();
        return { status: end, state: this.#state };
      }
      await this.#trainEpoch();
      const validation = await this.#validate();
      if (this.#stopping || this.#isWithinEpoch) {
        await this.#save("last", await this.#snapshot());
        return { status: this.#stopping ? "interrupted" : "out of time", state: this.#state };
      }
      await this.#finishEpoch(validation);
    }
  }

  /** Why no further epoch starts; undefined if one does. */
  get #end(): TrainingOutcome["status"] | undefined {
    const { epochs, session: { recipe: { earlyStopping } } } = this.options;
    const { epoch, earlyStopping: memory } = this.#state;
    if (epoch >= epochs) return "completed";
    if (earlyStopping && hasStoppedEarly(earlyStopping, memory)) return "stopped early";
    return this.#state !== this.#start && this.#agreement.isOver ? "out of time" : undefined;
  }

  get #isWithinEpoch(): boolean {
    return this.#state.batch < this.options.data.stepsPerEpoch;
  }

  #isLogged(step: number): boolean {
    return step % this.options.logEvery === 0;
  }

  get #objective(): Objective {
    return this.options.session.recipe.objective;
  }

  get #stopping(): boolean {
    return this.#agreement.stopping;
  }

  /** Takes the remaining steps of the epoch; an incomplete one is not taken. */
  async #trainEpoch(): Promise<void> {
    const { data, schedule, store, logNorms } = this.options;
    const { epoch, batch: first } = this.#state;
    let { step } = this.#state;
    if (first === data.stepsPerEpoch || this.#stopping) return;
    const [start, starved] = [performance.now(), this.#batches.starved];
    for await (const batch of this.#batches.fed(data.batches(epoch, first))) {
      const { part, parts, endsStep } = batch;
      const rates = schedule(step, this.#state.schedule);
      const readsNorms = logNorms !== false && endsStep && this.#isLogged(step + 1);
      const place = { step, part, parts, endsStep, readsNorms };
      const training = this.#steps.train(batch, place, rates);
      this.#batches.add(training.then((results) => ({ results, rates, endsStep })));
      if (endsStep) step++;
      if (endsStep && !this.#agreement.isAlone) await this.#settleAll();
      else if (this.#batches.isFull) await this.#settleOldest();
      await this.#timing.breathe();
      if (this.#stopping) break;
      if (!endsStep) continue;
      if (this.#agreement.isOver) break;
      if (store && this.#timing.saveIsDue(step)) {
        await this.#settleAll();
        await this.#save("last", await this.#snapshot());
      }
    }
    await this.#settleAll();
    const taken = [performance.now() - start, this.#batches.starved - starved];
    this.#seconds = taken.map((milliseconds) => milliseconds / 1000);
  }

  async #settleAll(): Promise<void> {
    while (this.#batches.size > 0) await this.#settleOldest();
  }

  async #settleOldest(): Promise<void> {
    const { results, rates: { learningRate }, endsStep } = await this.#batches.take();
    const { step, epoch, batch, sums } = this.#state;
    const problem = results.map(problemOf).find((found) => found !== undefined);
    if (problem !== undefined) throw thrownByAll(this.#diverged(problem, step, learningRate));
    this.#results.push(...results);
    if (this.#results.length === 0) return;
    const found = togetherOf(this.#results);
    const { observer, store, logNorms } = this.options;
    if (!endsStep) {
      observer?.part?.({ epoch: epoch + 1, batch: batch + 1, count: Number(found.sums.count) });
      return;
    }
    this.#results = [];
    this.#state = {
      ...this.#state,
      step: step + 1,
      batch: batch + 1,
      sums: addSums(sums, found.sums),
    };
    this.#timing.trained(Number(found.sums.count));
    const logged = this.#isLogged(step + 1);
    const position = { epoch: epoch + 1, step: step + 1, learningRate, loss: found.loss };
    const norms = found.norms ? { norms: loggedNorms(found.norms, logNorms) } : {};
    if (logged) await store?.log({ event: "step", ...position, ...norms.norms });
    const epochMean = this.#objective.summarize(this.#state.sums);
    observer?.step?.({ ...position, batch: batch + 1, epochMean, logged, ...norms });
  }

  /** Undefined without validation, or if the training is stopping. */
  async #validate(): Promise<Metrics | undefined> {
    const { session, data, epochs, validateEvery, observer } = this.options;
    const epoch = this.#state.epoch + 1;
    if (!data.validationBatches || this.#stopping || this.#isWithinEpoch) return undefined;
    if (epoch % validateEvery !== 0 && epoch !== epochs) return undefined;
    const [agreement, timing] = [this.#agreement, this.#timing];
    return await validate(data.validationBatches(), { session, agreement, timing, observer });
  }

  async #finishEpoch(validation: Metrics | undefined): Promise<void> {
    const { data, store, schedule, observer, keepBest } = this.options;
    const { step, epoch, sums, best, schedule: before } = this.#state;
    const { session } = this.options, { monitor } = session.recipe;
    if (!this.#agreement.isAlone) {
      await this.#agreement.compareWeights(await session.digest(), step);
    }
    const complaints = await this.#agreement.share(this.#agreement.named(data.complaints));
    const tensors = store && await this.#snapshot();
    const isBest = validation !== undefined && isBetter(validation, best, monitor);
    const { learningRate } = schedule(step - 1, before);
    this.#state = {
      ...this.#state,
      epoch: epoch + 1,
      batch: 0,
      sums: cleared(sums),
      ...(validation ? remembered(validation, this.#state, schedule, session.recipe) : {}),
      ...(isBest ? { best: { ...validation, epoch: epoch + 1 } } : {}),
    };
    const train = this.#objective.summarize(sums);
    await store?.log({
      event: "epoch",
      epoch: epoch + 1,
      step,
      learningRate,
      ...loggedMetrics(train, validation),
    }, tensors?.ema ?? tensors?.model);
    if (tensors) {
      if (isBest && keepBest) await this.#save("best", tensors);
      await this.#save("last", tensors);
    }
    const following = schedule(step, this.#state.schedule).learningRate;
    observer?.epoch?.({
      epoch: epoch + 1,
      step,
      learningRate,
      train,
      validation,
      isBest,
      seconds: this.#seconds[0],
      dataWait: this.#seconds[1],
      complaints: complaints.flat(),
      ...(following < schedule(step, before).learningRate ? { reducedTo: following } : {}),
    });
  }

  /** Throws RunError before a checkpoint is replaced by weights that are not finite. */
  async #snapshot(): Promise<TrainingTensors> {
    const tensors = await this.options.session.snapshot();
    const found = describeNoNumbers(tensors);
    if (found === undefined) return tensors;
    const step = Math.max(0, this.#state.step - 1);
    const { learningRate } = this.options.schedule(step, this.#state.schedule);
    throw this.#diverged(found, step, learningRate);
  }

  async #save(kind: "last" | "best", tensors: TrainingTensors): Promise<void> {
    const { store } = this.options;
    if (kind === "last") {
      await store?.logTiming?.(this.#timing.lap(this.#state, this.#batches.starved));
    }
    await store?.save(kind, tensors, this.#state);
    this.#timing.saved();
  }

  get #failed() {
    return { state: this.#state, checkpoint: this.options.store?.lastCheckpoint() };
  }

  /** @param step steps taken before the failed one */
  #diverged(what: string, step: number, learningRate: number): RunError {
    return this.#state.step === this.#start.step
      ? brokenFromTheStart(what)
      : diverged(what, { step, learningRate }, this.#failed);
  }
}
