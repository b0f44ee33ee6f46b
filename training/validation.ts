/** The validations of a training: their metrics and consequences. */
import type { Metrics, RunState } from "../checkpoints/run_state.ts";
import type { Agreement } from "./agreement.ts";
import { rememberValidation } from "./early_stopping.ts";
import { Evaluation, type StepBatch } from "./evaluation.ts";
import type { TrainingObserver } from "./observer.ts";
import type { ResolvedRecipe } from "./recipe.ts";
import type { Schedule } from "./schedules/schedule.ts";
import type { TrainingSession } from "./session.ts";
import type { Timing } from "./timing.ts";

/** Options of {@link validate}. */
interface ValidationOptions {
  readonly session: TrainingSession;
  readonly agreement: Agreement;
  readonly timing: Timing;
  readonly observer?: TrainingObserver;
}

/**
 * Validates on batches; each rank evaluates its own. The metrics do not depend on the division.
 *
 * @returns undefined if the training is stopping
 */
export async function validate(
  batches: AsyncIterable<StepBatch>,
  { session, agreement, timing, observer }: ValidationOptions,
): Promise<Metrics | undefined> {
  const evaluation = new Evaluation(
    session.recipe.objective,
    session.backend,
    (batch) => session.evaluate(batch),
    [],
    (own) => agreement.inTurn(own),
  );
  using _ = timing.validating();
  for await (const count of evaluation.over(batches)) {
    observer?.validating?.(count);
    await timing.breathe();
    if (agreement.stopping) return undefined;
  }
  return evaluation.metrics();
}

/** The part of a training's position that follows from a validation. */
export function remembered(
  validation: Metrics,
  { step, schedule: rates, earlyStopping: improvements }: RunState,
  schedule: Schedule,
  { earlyStopping }: ResolvedRecipe,
): Partial<RunState> {
  return {
    validation,
    ...(schedule.follow ? { schedule: schedule.follow(validation, step, rates) } : {}),
    ...(earlyStopping
      ? { earlyStopping: rememberValidation(earlyStopping, validation, improvements) }
      : {}),
  };
}
