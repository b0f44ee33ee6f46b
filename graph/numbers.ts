/** Whole numbers. */

/** The largest number that divides both; `a` where `b` is 0. */
export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
