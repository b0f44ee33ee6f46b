/**
 * The phases of a training, each with its own step programs: gradients of frozen parameters are not
 * computed at all. A parameter's optimizer state and step count start when it is released, as for a
 * parameter that is added to a PyTorch optimizer later.
 */
import type { ResolvedRecipe } from "./recipe.ts";

/** Epochs of a training: from the first to before the last. */
export interface EpochRange {
  readonly from: number;
  readonly to: number;
}

/** A part of a training in which the same parameters are trained. */
export interface Phase extends EpochRange {
  /** Suffix of its programs' names; empty for the only phase of most trainings. */
  readonly suffix: string;
  readonly recipe: ResolvedRecipe;
}

/** The phases of a training within these epochs, in order. */
export function phasesOf(
  recipe: ResolvedRecipe,
  { from, to }: EpochRange = { from: 0, to: Infinity },
): Phase[] {
  const { beginning, ...all } = recipe;
  const release = beginning?.epochs ?? 0;
  const phases = [
    { suffix: ".frozen", recipe: { ...all, ...beginning }, from: 0, to: release },
    { suffix: "", recipe: all, from: release, to: Infinity },
  ];
  return phases.filter((phase) => phase.from < phase.to && phase.from < to && from < phase.to);
}
