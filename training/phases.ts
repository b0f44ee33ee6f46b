/**
 * The phases of a training, each with step programs of its own: while parameters are frozen, their
 * gradients are not computed at all. The optimizer's state of a parameter begins with its release, and
 * so does its count of steps, as that of a parameter that joins a PyTorch optimizer late.
 */
import type { ResolvedRecipe } from "./recipe.ts";

/** Epochs of a training: from the first on, up to the last and without it. */
export interface EpochRange {
  readonly from: number;
  readonly to: number;
}

/** A part of a training in which the same parameters are trained. */
export interface Phase extends EpochRange {
  /** Tells its programs from those of the others; empty for the one that most trainings are. */
  readonly suffix: string;
  /** What is trained in it, and how. */
  readonly recipe: ResolvedRecipe;
}

/** The phases of a training that lie in these epochs, in order. */
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
