/** Evaluating batches: sums are added up, and whoever needs every image sees its logits. */
import type { TensorData } from "../backends/backend.ts";
import { type Metrics, NO_SUMS, type Sums } from "../checkpoints/run_state.ts";
import { sizeOf } from "../graph/types.ts";
import type { Objective } from "./objectives/objective.ts";
import type { ImageTally, MetricTally, TargetRows } from "./objectives/tally.ts";
import { type InFlightLimit, pipelined } from "./pipeline.ts";
import { addSums } from "./sums.ts";

/** The images of one step. The arrays may be overwritten once the call they were given to returns. */
export interface StepBatch {
  /** By the names of program inputs: pixels, labels, …; each has one row per image. */
  readonly arrays: Readonly<Record<string, TensorData>>;
  /** Images that are not filling; a training step has no filling. */
  readonly count: number;
}

/** What a program of {@link traceEvaluation} gives for a batch. */
export interface BatchResult {
  readonly sums: Sums;
  /** Of every row, where the program outputs them. */
  readonly logits?: Float32Array;
}

/** The same with what tallies see besides the logits. */
interface Evaluated extends BatchResult {
  readonly targets: TargetRows;
}

/**
 * The batch without rows of filling.
 *
 * @param rows that its arrays have
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
  return {
    sums: { ...Object.fromEntries(sums), count },
    ...(logits ? { logits } : {}),
  };
}

/** One evaluation. */
export class Evaluation {
  readonly #tally: MetricTally | undefined;
  readonly #tallies: readonly ImageTally[];
  #sums = NO_SUMS;

  /**
   * @param backend what computes
   * @param evaluate starts a batch; its results may come late
   * @param tallies see every image besides the objective's own tally
   * @param shared gives the results of all ranks for this one's, where several evaluate together
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

  /** Evaluates batches, a few at a time; yields the number of images so far, at every batch. */
  async *over(batches: AsyncIterable<StepBatch>): AsyncGenerator<number, void, void> {
    const results = pipelined(batches, this.backend, (batch) => {
      // The batch is another one by the time its logits are there.
      const targets = this.#tallies.length > 0 ? this.#targetsOf(batch) : {};
      return this.evaluate(batch).then((result) => ({ ...result, targets }));
    });
    for await (const { sums, logits, targets } of this.shared(results)) {
      this.#sums = addSums(this.#sums, sums);
      if (logits) { for (const tally of this.#tallies) tally.add(logits, targets); }
      yield Number(this.#sums.count);
    }
  }

  /** What all batches so far come to. */
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
