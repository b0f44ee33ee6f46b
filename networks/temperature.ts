/**
 * The temperature of a network: what its logits are divided by before the softmax, so that its
 * probabilities are as often right as they say (Guo et al. 2017, "On Calibration of Modern Neural
 * Networks", section 4.2). It changes no ranking of classes.
 */
import { extendProgram, output } from "../graph/trace.ts";
import type { Program } from "../graph/types.ts";
import { scale } from "../ops/scale.ts";

/** The lowest and the highest temperature that a network can have. */
export const [MIN_TEMPERATURE, MAX_TEMPERATURE] = [0.01, 100];

/** Whether parsed JSON is one. */
export function isTemperature(value: unknown): boolean {
  return typeof value === "number" && value >= MIN_TEMPERATURE && value <= MAX_TEMPERATURE;
}

/**
 * A network's program with logits that the softmax makes its probabilities of: divided by its
 * temperature. The program itself where it has none.
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
