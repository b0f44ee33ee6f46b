import type { Metrics, RunState } from "../checkpoints/run_state.ts";
import { spellName } from "../reporting/controls.ts";
import { formatBytes, formatCount, formatDuration, formatPercent } from "../reporting/format.ts";
import { Sparkline } from "../reporting/sparkline.ts";
import { briefMetrics, formatMetric, loggedMetrics } from "../training/metrics/metric.ts";
import type {
  EpochEvent,
  PartEvent,
  StartEvent,
  StepEvent,
  TrainingObserver,
} from "../training/observer.ts";
import type { ResolvedRecipe } from "../training/recipe.ts";
import type { Context } from "./command.ts";
import { liveView } from "./live_view.ts";

/** Waiting time for images that triggers a hint: share of an epoch's time, and seconds. */
const WAITED_SHARE = 0.05;
const WAITED_SECONDS = 1;

/** Width of the loss curve in characters. */
const CURVE = 32;

/** A learning rate without the last digits of its arithmetic. */
const formatRate = (rate: number) => String(Number(rate.toPrecision(6)));

/** Converts a training's events to a progress line, lines for epochs and JSON events. */
export class TrainReport implements TrainingObserver {
  #epochs = 0;
  #stepsPerEpoch = 0;
  #startStep = 0;
  #step = 0;
  #startTime = 0;
  /** When the previous event came. */
  #lastTime = 0;
  /** Time spent in training steps, and the number of their images. */
  #trainingSeconds = 0;
  #images = 0;
  #imagesBefore = 0;
  readonly #losses = new Sparkline(CURVE);
  /** Of the current or the last finished epoch. */
  #epochMean: Metrics | undefined;
  /** The best validation so far, and its epoch. */
  #best: RunState["best"];
  readonly #printed = new Set<string>();

  /**
   * @param header contents of the JSON event `start` besides the position
   * @param now a clock in seconds
   */
  constructor(
    private readonly context: Context,
    private readonly header: Readonly<Record<string, unknown>>,
    private readonly recipe: Pick<ResolvedRecipe, "objective" | "monitor" | "beginning">,
    private readonly validationCount: number,
    /** What to do if the training waits for images. */
    private readonly remedy = "hint: the training waits for images: try more data.workers",
    private readonly now = () => performance.now() / 1000,
    private readonly memory = () => Deno.memoryUsage().rss,
  ) {}

  start({ epochs, stepsPerEpoch, state, complaints }: StartEvent): void {
    this.#epochs = epochs;
    this.#stepsPerEpoch = stepsPerEpoch;
    this.#startStep = this.#step = state.step;
    this.#best = state.best;
    this.#imagesBefore = Number(state.sums.count);
    this.#startTime = this.#lastTime = this.now();
    this.context.emit({
      event: "start",
      ...this.header,
      epochs,
      stepsPerEpoch,
      epoch: state.epoch,
      step: state.step,
    });
    this.#complain(complaints);
  }

  step({ epoch, step, batch, learningRate, loss, epochMean, logged, norms }: StepEvent): void {
    const now = this.now();
    this.#trainingSeconds += now - this.#lastTime;
    this.#lastTime = now;
    this.#images += epochMean.count - (batch === 1 ? 0 : this.#imagesBefore);
    this.#imagesBefore = epochMean.count;
    this.#step = step;
    this.#epochMean = epochMean;
    this.#losses.add(loss);
    const place = `step ${batch}/${this.#stepsPerEpoch}`;
    const line = () => [
      `epoch ${epoch}/${this.#epochs}`,
      place,
      ...this.#described(epochMean),
      ...this.#speed,
    ];
    this.#show(line, epoch, batch / this.#stepsPerEpoch, place);
    if (logged) {
      this.context.emit({
        event: "step",
        epoch,
        step,
        learningRate,
        loss,
        ...norms,
        imagesPerSecond: this.#imagesPerSecond,
      });
    }
  }

  part({ epoch, batch, count }: PartEvent): void {
    const place = `step ${batch}/${this.#stepsPerEpoch}  ${formatCount(count)} images done`;
    const line = () => [`epoch ${epoch}/${this.#epochs}`, place];
    this.#show(line, epoch, (batch - 1) / this.#stepsPerEpoch, place);
  }

  validating(count: number): void {
    this.#lastTime = this.now();
    const place = `validating ${formatCount(count)}/${formatCount(this.validationCount)}`;
    const epoch = Math.ceil(this.#step / this.#stepsPerEpoch);
    this.#show(() => [place], epoch, count / this.validationCount, place);
  }

  epoch(event: EpochEvent): void {
    const { epoch, step, learningRate, train, validation, isBest, reducedTo } = event;
    const { seconds, dataWait } = event;
    if (isBest && validation) this.#best = { ...validation, epoch };
    const hasWaited = dataWait > WAITED_SHARE * seconds && dataWait > WAITED_SECONDS;
    this.#lastTime = this.now();
    this.context.progress.clear();
    this.context.print(
      [
        `epoch ${epoch}/${this.#epochs}`,
        ...this.#described(train),
        ...(validation ? this.#described(validation, "valid ", isBest) : []),
        `${formatCount(this.#imagesPerSecond)} images/s`,
        ...(hasWaited ? [`waiting for images ${formatPercent(dataWait / seconds)}`] : []),
        ...(epoch < this.#epochs ? [`${formatDuration(this.#secondsLeft(step))} left`] : []),
      ].join("  "),
    );
    this.context.emit({
      event: "epoch",
      epoch,
      step,
      learningRate,
      ...loggedMetrics(train, validation),
      imagesPerSecond: this.#imagesPerSecond,
      seconds,
      dataWait,
    });
    if (hasWaited) this.#printOnce(this.remedy);
    if (reducedTo !== undefined) {
      this.context.progress.print(`the learning rate is reduced to ${formatRate(reducedTo)}`);
    }
    if (epoch === this.recipe.beginning?.epochs && epoch < this.#epochs) {
      this.context.progress.print("frozen parameters are trained from now on");
    }
    this.#complain(event.complaints);
  }

  /** Shows the progress: a line, or more on a wide terminal. */
  #show(line: () => string[], epoch: number, done: number, place: string): void {
    this.context.progress.update(
      line,
      (columns) =>
        liveView({
          title: `epoch ${epoch}/${this.#epochs}`,
          done,
          figures: [place, ...this.#speed, formatBytes(this.memory())],
          curve: String(this.#losses),
          metrics: this.#epochMean ? this.#described(this.#epochMean) : [],
          best: this.#describedBest(),
        }, columns),
    );
  }

  /** The time left comes first: a narrow terminal cuts off the end. */
  get #speed(): string[] {
    return [
      `${formatDuration(this.#secondsLeft(this.#step))} left`,
      `${formatCount(this.#imagesPerSecond)} images/s`,
    ];
  }

  /** `accuracy 97.50 % (epoch 3)`; undefined before the first validation. */
  #describedBest(): string | undefined {
    const { objective, monitor: { metric } } = this.recipe;
    if (!this.#best) return undefined;
    const info = objective.metrics[metric];
    return `${info.title} ${formatMetric(info, this.#best[metric])} (epoch ${this.#best.epoch})`;
  }

  /** Warns of images that could not be read; each warning is printed once. */
  #complain(complaints: readonly string[] = []): void {
    for (const line of complaints) {
      this.#printOnce(`warning: ${spellName(line)}; replaced by another image of its class`);
    }
  }

  #printOnce(line: string): void {
    if (this.#printed.has(line)) return;
    this.#printed.add(line);
    this.context.progress.print(line);
  }

  /** `loss 0.1234`, `accuracy 97.50 %`; `isBest` marks the monitored one. */
  #described(metrics: Metrics, prefix = "", isBest = false): string[] {
    const { objective, monitor } = this.recipe;
    return briefMetrics(objective.metrics, metrics, monitor.metric).map(([name, info]) =>
      `${prefix}${info.title} ${formatMetric(info, metrics[name])}` +
      (isBest && name === monitor.metric ? " (best)" : "")
    );
  }

  get #imagesPerSecond(): number {
    return this.#trainingSeconds > 0 ? this.#images / this.#trainingSeconds : 0;
  }

  /** From the speed so far, validation included. */
  #secondsLeft(step: number): number {
    const secondsPerStep = (this.now() - this.#startTime) / (step - this.#startStep);
    return (this.#epochs * this.#stepsPerEpoch - step) * secondsPerStep;
  }
}
