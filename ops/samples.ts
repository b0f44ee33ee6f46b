/** Creates the operands that samples of ops describe. */
import type { RandomSource } from "../graph/random.ts";
import type { SampleOperand, Shape } from "../graph/types.ts";

const RANGES = { f32: [-1, 1], i32: [0, 2], u8: [0, 256] } as const;

/** An operand with its defaults filled in. */
export function sampleOperand(given: Shape | SampleOperand): Required<SampleOperand> {
  const operand: SampleOperand = "shape" in given ? given : { shape: given };
  const { shape, dtype = "f32", range = RANGES[dtype], constant = dtype !== "f32" } = operand;
  return { shape, dtype, range, constant };
}

/** Draws the elements of an operand: floats or integers from its range. Returns `data`. */
export function drawElements<T extends Float32Array | Float64Array | Int32Array | Uint8Array>(
  data: T,
  { dtype, range: [least, bound] }: Required<SampleOperand>,
  random: RandomSource,
): T {
  for (let i = 0; i < data.length; i++) {
    const number = least + (bound - least) * random.uniform();
    data[i] = dtype === "f32" ? number : Math.floor(number);
  }
  return data;
}
