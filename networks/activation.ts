/** Converts a network's logits to probabilities. */
import { softmaxRow } from "../ops/softmax.ts";

/**
 * How the logits of an image become probabilities. `softmax`: an image belongs to one class, and the
 * probabilities sum to 1. `sigmoid`: each class is decided independently.
 */
export type Activation = "softmax" | "sigmoid";

/** Default probability above which an independently decided class counts as present. */
export const DEFAULT_THRESHOLD = 0.5;

/** The logit for which the sigmoid gives this probability. */
export function logitOf(probability: number): number {
  return Math.log(probability / (1 - probability));
}

/** Whether parsed JSON is an activation. */
export function isActivation(value: unknown): value is Activation {
  return value === "softmax" || value === "sigmoid";
}

/** The probabilities of an image's classes. */
export function probabilitiesOf(
  logits: Float32Array,
  activation: Activation = "softmax",
): number[] {
  return activation === "softmax"
    ? [...softmaxRow(logits)]
    : Array.from(logits, (logit) => 1 / (1 + Math.exp(-logit)));
}

/**
 * The mean probabilities of an image's classes over several views of it.
 *
 * @param logits f32 [views, classes]
 */
export function meanProbabilities(
  logits: Float32Array,
  views: number,
  activation?: Activation,
): number[] {
  const classes = logits.length / views;
  const mean: number[] = Array(classes).fill(0);
  for (let view = 0; view < views; view++) {
    const own = logits.subarray(view * classes, (view + 1) * classes);
    probabilitiesOf(own, activation).forEach((probability, c) => mean[c] += probability / views);
  }
  return mean;
}

/** Finite logits for which an activation gives these probabilities. */
export function logitsOf(
  probabilities: readonly number[],
  activation: Activation = "softmax",
): number[] {
  const log = (probability: number) => Math.log(Math.max(probability, Number.MIN_VALUE));
  return probabilities.map((probability) =>
    log(probability) - (activation === "softmax" ? 0 : log(1 - probability))
  );
}
