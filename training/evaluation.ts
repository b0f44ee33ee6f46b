/** Evaluating batches: sums are added up, and tallies receive the logits of every image. */
import type { TensorData } from "../backends/backend.ts";
import { type Metrics, NO_SUMS, type Sums } from "../checkpoints/run_state.ts";
import { sizeOf } from "../graph/types.ts";
import type { Objective } from "./objectives/objective.ts";
import type { ImageTally, MetricTally, TargetRows } from "./objectives/tally.ts";
import { type InFlightLimit, pipelined } from "./pipeline.ts";
import { addSums } from "./sums.ts";

/**
 * The images of one step. The arrays may be overwritten once the call that received them returns.
 */
export interface StepBatch {
  /** By the names of program inputs: pixels, labels, …; each has one row per image. */
  readonly arrays: Readonly<Record<string, TensorData>>;
  /** Number of images without padding rows; a training step has no padding. */
  readonly count: number;
}

/** The result of a program of {@link traceEvaluation} for a batch. */
export interface BatchResult {
  readonly sums: Sums;
  /** Logits of every row, if the program outputs them. */
  readonly logits?: Float32Array;
}

/** The same with the targets for tallies. */
interface Evaluated extends BatchResult {
  readonly targets: TargetRows;
}

/**
 * The batch without padding rows.
 *
 * @param rows the number of rows in its arrays
 */
export function withoutFilling({ arrays, count }: StepBatch, rows: number): StepBatch {
  const filled = Object.entries(arrays).map(([name, array]) => [
    name,
    array.subarray(0, array.length / rows * count),
  ]);
  return { arrays: Object.fromEntries(filled), count };
}

/** A program's outputs for a batch of `count` images. */
export function resultOf(
  { logits, ...outputs }: Readonly<Record<string, Float32Array>>,
  count: number,
): BatchResult {
  const sums = Object.entries(outputs).map(([name, data]) => [
    name,
    data.length === 1 ? data[0] : Array.from(data),
  ]);
  return { sums: { ...Object.fromEntries(sums), count }, logits };
}

/** One evaluation. */
export class Evaluation {
  readonly #tally: MetricTally | undefined;
  readonly #tallies: readonly ImageTally[];
  #sums = NO_SUMS;

  /**
   * @param backend what computes
   * @param evaluate starts a batch; its results may arrive late
   * @param tallies receive every image, in addition to the objective's own tally
   * @param shared replaces this rank's results by those of all ranks, if several evaluate together
   */
  constructor(
    private readonly objective: Objective,
    private readonly backend: InFlightLimit,
    private readonly evaluate: (batch: StepBatch) => Promise<BatchResult>,
    tallies: readonly ImageTally[] = [],
    private readonly shared: (own: AsyncIterable<Evaluated>) => AsyncIterable<Evaluated> = (own) =>
      own,
  ) {
    this.#tally = objective.tally?.();
    this.#tallies = this.#tally ? [this.#tally, ...tallies] : tallies;
  }

  /**
   * Evaluates batches, several in flight; yields the number of images so far, after every batch.
   */
  async *over(batches: AsyncIterable<StepBatch>): AsyncGenerator<number, void, void> {
    const results = pipelined(batches, this.backend, (batch) => {
      // The batch is overwritten by the time its logits arrive.
      const targets = this.#tallies.length > 0 ? this.#targetsOf(batch) : {};
      return this.evaluate(batch).then((result) => ({ ...result, targets }));
    });
    for await (const { sums, logits, targets } of this.shared(results)) {
      this.#sums = addSums(this.#sums, sums);
      if (logits) { for (const tally of this.#tallies) tally.add(logits, targets); }
      yield Number(this.#sums.count);
    }
  }

  /** The metrics over all batches so far. */
  metrics(): Metrics {
    return this.objective.summarize(this.#sums, this.#tally?.metrics());
  }

  #targetsOf({ arrays, count }: StepBatch): TargetRows {
    return Object.fromEntries(
      this.objective.targets.map(({ name, shape }) => [
        name,
        Array.from(arrays[name].subarray(0, count * sizeOf(shape))),
      ]),
    );
  }
}
