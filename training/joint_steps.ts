/** The steps that ranks take together, and the results of all of them. */
import type { Agreement } from "./agreement.ts";
import type { StepBatch } from "./evaluation.ts";
import { MIN_LOSS_SCALE } from "./loss_scale.ts";
import type { Rates } from "./schedules/schedule.ts";
import type { BatchPlace, StepResult, TrainingSession } from "./session.ts";
import { addSums } from "./sums.ts";

/** Takes the steps of a training, each on this rank's batches. */
export class JointSteps {
  /** State of the step in progress. */
  #own: Promise<readonly StepResult[]>[] = [];

  constructor(
    private readonly session: Pick<TrainingSession, "train" | "follow">,
    private readonly agreement: Agreement,
  ) {}

  /**
   * Trains on a batch, or on none if all of the step's batches belong to other ranks. With several
   * ranks, the caller must wait for the end of a step before starting the next one.
   *
   * @returns its results; with several ranks those of all batches of the step, in their order, when
   *   it ends
   */
  async train(
    batch: StepBatch,
    place: BatchPlace,
    rates: Rates,
  ): Promise<readonly StepResult[]> {
    const { session, agreement } = this;
    const training = batch.count > 0
      ? session.train(batch, place, rates).then((result) => [result])
      : session.follow(place, rates).then(() => []);
    if (agreement.isAlone) return await training;
    this.#own.push(training);
    // Returned when the step ends.
    training.catch(() => {});
    if (!place.endsStep) return [];
    const own = await Promise.all(this.#own.splice(0));
    return (await agreement.share(own.flat())).flat();
  }
}

/** Why a training cannot continue after a batch; undefined if it can. */
export function problemOf({ loss, lossScale }: StepResult): string | undefined {
  if (!Number.isFinite(loss)) return `the loss is ${loss}`;
  if (lossScale === undefined || lossScale >= MIN_LOSS_SCALE) return undefined;
  return "the gradients stay infinite or NaN";
}

/** The result of all batches of a step. */
export function togetherOf(
  results: readonly StepResult[],
): Pick<StepResult, "loss" | "sums" | "norms"> {
  const sums = results.map(({ sums }) => sums).reduce(addSums);
  const norms = results.find(({ norms }) => norms)?.norms;
  return {
    loss: results.length === 1 ? results[0].loss : Number(sums.loss) / Number(sums.count),
    sums,
    ...(norms ? { norms } : {}),
  };
}
