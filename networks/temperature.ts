/**
 * The temperature of a network: the divisor applied to its logits before the softmax, so that its
 * probabilities match how often it is correct (Guo et al. 2017, "On Calibration of Modern Neural
 * Networks", section 4.2). It never changes the ranking of classes.
 */
import { extendProgram, output } from "../graph/trace.ts";
import type { Program } from "../graph/types.ts";
import { scale } from "../ops/scale.ts";

/** The lowest and the highest temperature of a network. */
export const [MIN_TEMPERATURE, MAX_TEMPERATURE] = [0.01, 100];

/** Whether parsed JSON is a temperature. */
export function isTemperature(value: unknown): boolean {
  return typeof value === "number" && value >= MIN_TEMPERATURE && value <= MAX_TEMPERATURE;
}

/**
 * A network's program with calibrated logits: divided by its temperature. Without a temperature, the
 * program itself.
 *
 * @param program has an output `logits`
 */
export function calibratedProgram(
  program: Program,
  { temperature }: { readonly temperature?: number },
): Program {
  if (temperature === undefined) return program;
  return extendProgram(program, () => {
    output("logits", scale(program.outputs.logits, 1 / temperature));
  });
}
