/** The plan of a session, before it is compiled. */
import type { Backend } from "../backends/backend.ts";
import type { Program } from "../graph/types.ts";
import { lossScaleSchema } from "./loss_scale.ts";
import { trainingPrograms, type TrainingProgramsOptions } from "./programs.ts";

/** Options of {@link planSession}. */
export interface SessionOptions extends TrainingProgramsOptions {
  /** Seed of dropout. */
  readonly seed: number;
}

/** A session that only needs to be compiled. */
export interface SessionPlan {
  readonly options: SessionOptions;
  readonly programs: readonly Program[];
}

/** The programs of a session. */
export function planSession(backend: Backend, given: SessionOptions): SessionPlan {
  const { lossScale = backend.fullPrecision && lossScaleSchema.parse({}) } = given.recipe;
  const options = { ...given, recipe: { ...given.recipe, ...(lossScale ? { lossScale } : {}) } };
  return { options, programs: trainingPrograms(options) };
}
