/** Random draws and rounding like torchvision's. */
import type { RandomStream } from "../../graph/random.ts";

/** A random number from a range. */
export function between([least, most]: readonly number[], random: RandomStream): number {
  return least + random.uniform() * (most - least);
}

/**
 * The sides of a rectangle of a random area fraction and aspect ratio, drawn like torchvision: the side that
 * is longer for a larger ratio, then the other.
 */
export function drawSides(
  area: number,
  { scale, ratio }: {
    readonly scale: readonly [number, number];
    readonly ratio: readonly [number, number];
  },
  random: RandomStream,
): readonly [number, number] {
  const part = area * between(scale, random);
  const aspect = Math.exp(between(ratio.map(Math.log), random));
  return [roundHalfEven(Math.sqrt(part * aspect)), roundHalfEven(Math.sqrt(part / aspect))];
}

/** Rounds like Python: halves to the even number. */
export function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
