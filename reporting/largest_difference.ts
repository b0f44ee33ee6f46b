/** Differences between computed and expected numbers. */

interface Difference {
  /** Infinite if sizes differ or only one number is NaN. */
  readonly absolute: number;
  /** The same, divided by the expected tensor's largest magnitude. */
  readonly relative: number;
}

/** Compares a result with the expected one. Equal infinities and two NaNs count as equal. */
export function largestDifference(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
): Difference {
  if (found.length !== expected.length) return { absolute: Infinity, relative: Infinity };
  let absolute = 0;
  let magnitude = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Number.isFinite(expected[i])) magnitude = Math.max(magnitude, Math.abs(expected[i]));
    if (Object.is(found[i], expected[i])) continue;
    const difference = Math.abs(found[i] - expected[i]);
    absolute = Math.max(absolute, Number.isNaN(difference) ? Infinity : difference);
  }
  return { absolute, relative: absolute === 0 ? 0 : absolute / (magnitude || 1) };
}
