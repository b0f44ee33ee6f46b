/** The weight of each class's images in a loss. */
import { InputError } from "../../errors.ts";
import { z } from "../../schema/entry.ts";
import { suggestion } from "../../schema/nearest.ts";
import type { NetworkClasses } from "./objective.ts";

const factor = z.number().positive();

/** `classWeights` of an objective. */
export const classWeightsSchema = z.union([
  z.literal("balanced"),
  z.array(factor).min(1),
  z.record(z.string(), factor),
]).optional().describe(
  "Factor of the loss of each class's images, while training: a list with one per class, some by " +
    "name (others have 1), or balanced, inversely to their number",
);

/**
 * The weight of each class; undefined if all are equal, or if nothing is trained and the class
 * counts are unknown. Throws InputError, `at` the class, for weights that do not fit.
 */
export function classWeightsOf(
  weights: z.output<typeof classWeightsSchema>,
  { classes, classNames, targets }: NetworkClasses,
): Float32Array | undefined {
  if (weights === undefined) return undefined;
  if (weights === "balanced") {
    return targets && balancedWeights(targets.labels?.data ?? [], classes);
  }
  if (Array.isArray(weights)) {
    if (weights.length === classes) return Float32Array.from(weights);
    throw new InputError(
      `found ${weights.length} weights, expected ${classes}, one per class`,
      { at: [] },
    );
  }
  if (classNames === undefined) {
    if (!targets) return undefined;
    throw new InputError("the classes have no names here; give a list of weights", { at: [] });
  }
  for (const name of Object.keys(weights)) {
    if (classNames.includes(name)) continue;
    throw new InputError(`there is no class "${name}"${suggestion(name, classNames, "classes")}`, {
      at: [name],
    });
  }
  return Float32Array.from(
    classNames,
    (name) => Object.hasOwn(weights, name) ? weights[name] : 1,
  );
}

/**
 * Inversely proportional to each class's number of images, as scikit-learn's `balanced`; 1 for a
 * class without images.
 */
function balancedWeights(labels: ArrayLike<number>, classes: number): Float32Array {
  const counts = new Float64Array(classes);
  for (let i = 0; i < labels.length; i++) counts[labels[i]]++;
  const present = counts.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
  return Float32Array.from(counts, (count) => count > 0 ? labels.length / (present * count) : 1);
}
