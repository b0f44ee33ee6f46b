/** Decisions by the clock during a training; they change no results. */
import type { Backend } from "../backends/backend.ts";
import type { RunState } from "../checkpoints/run_state.ts";
import type { TimingEntry } from "./log_rows.ts";
import type { ParsedRunOptions } from "./run_options.ts";
import { secondsOf } from "./time_budget.ts";

/** Milliseconds after which a blocking backend yields to the event loop, so that signals arrive. */
const BREATH_INTERVAL = 50;

/** The clocks of a training, which start when they are created. */
export class Timing {
  readonly #start = performance.now();
  #lastBreath = this.#start;
  #lastSave = this.#start;
  /** In milliseconds, since the last lap. */
  #lap = { start: this.#start, validation: 0, starved: 0, images: 0 };

  constructor(
    private readonly options: Pick<
      ParsedRunOptions,
      "maxTime" | "saveEverySteps" | "saveEveryMinutes"
    >,
    private readonly backend: Pick<Backend, "blocking">,
  ) {}

  get isOver(): boolean {
    const { maxTime = Infinity } = this.options;
    return performance.now() - this.#start >= 1000 * secondsOf(maxTime);
  }

  /** Whether to save after this many steps. */
  saveIsDue(step: number): boolean {
    const { saveEverySteps, saveEveryMinutes = Infinity } = this.options;
    return saveEverySteps !== undefined && step % saveEverySteps === 0 ||
      performance.now() - this.#lastSave >= saveEveryMinutes * 60_000;
  }

  saved(): void {
    this.#lastSave = performance.now();
  }

  /** Records the number of images that have been trained on. */
  trained(images: number): void {
    this.#lap.images += images;
  }

  /** Measures a validation until the returned object is disposed. */
  validating(): Disposable {
    const start = performance.now();
    return { [Symbol.dispose]: () => this.#lap.validation += performance.now() - start };
  }

  /**
   * Time since the previous lap, or since the start.
   *
   * @param state the present position
   * @param starved total milliseconds with nothing in flight because no batch was ready
   */
  lap({ step, epoch }: RunState, starved: number): TimingEntry {
    const now = performance.now();
    const { start, validation, starved: before, images } = this.#lap;
    this.#lap = { start: now, validation: 0, starved, images: 0 };
    const [seconds, validated, dataWait] = [now - start, validation, starved - before]
      .map((milliseconds) => milliseconds / 1000);
    return { step, epoch, seconds, validation: validated, dataWait, images };
  }

  /** Yields to the event loop now and then if nothing else does. */
  async breathe(): Promise<void> {
    // Backends written for former versions do not say.
    if (this.backend.blocking === false) return;
    if (performance.now() - this.#lastBreath < BREATH_INTERVAL) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#lastBreath = performance.now();
  }
}
