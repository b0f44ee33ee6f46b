/** What the time decides while a training goes on; it changes no number. */
import type { ParsedRunOptions } from "./run_options.ts";
import { secondsOf } from "./time_budget.ts";

/** Milliseconds after which the event loop gets its turn, so that signals arrive. */
const BREATH_INTERVAL = 50;

/** The clocks of a training, which begin to run when they are made. */
export class Timing {
  readonly #start = performance.now();
  #lastBreath = this.#start;
  #lastSave = this.#start;

  constructor(
    private readonly options: Pick<
      ParsedRunOptions,
      "maxTime" | "saveEverySteps" | "saveEveryMinutes"
    >,
  ) {}

  /** Whether `maxTime` is over. */
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

  /** Notes that the training has been saved. */
  saved(): void {
    this.#lastSave = performance.now();
  }

  /** Lets the event loop run now and then: on some backends nothing else would. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#lastBreath < BREATH_INTERVAL) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#lastBreath = performance.now();
  }
}
