/** From a network's logits to what a person reads. */
import { softmaxRow } from "../ops/softmax.ts";

/**
 * What turns the logits of an image into probabilities. `softmax`: an image is of one class, the probabilities add up to 1. `sigmoid`: every class is
 * decided on by itself.
 */
export type Activation = "softmax" | "sigmoid";

/** Probability above which a class that is decided on by itself is decided for, unless said otherwise. */
export const DEFAULT_THRESHOLD = 0.5;

/** The logit that a sigmoid makes a probability of. */
export function logitOf(probability: number): number {
  return Math.log(probability / (1 - probability));
}

/** Whether parsed JSON is one. */
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
