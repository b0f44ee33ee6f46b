/** Compares results within a tolerance. */

/** The deviation of a tensor from the expected one. */
export interface Deviation {
  /** Largest absolute difference; infinite if sizes differ or a number is not finite. */
  readonly absolute: number;
  /** The same, relative to the expected tensor's largest magnitude. */
  readonly relative: number;
  /** Where it is, as readable text. */
  readonly detail: string;
}

/** The deviation of a named tensor. */
export interface Comparison extends Deviation {
  readonly name: string;
  /** Maximum relative deviation; default: that of the fixture's kind. */
  readonly tolerance?: number;
}

/** The largest difference between two tensors. Equal infinities and two NaNs count as equal. */
export function deviation(actual: ArrayLike<number>, expected: ArrayLike<number>): Deviation {
  if (actual.length !== expected.length) {
    return {
      absolute: Infinity,
      relative: Infinity,
      detail: `${actual.length} numbers instead of ${expected.length}`,
    };
  }
  let magnitude = 0;
  let absolute = 0;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    magnitude = Math.max(magnitude, Math.abs(expected[i]));
    if (Object.is(actual[i], expected[i])) continue;
    const difference = Math.abs(actual[i] - expected[i]);
    if (!(difference <= absolute)) {
      absolute = Number.isNaN(difference) ? Infinity : difference;
      worst = i;
    }
  }
  return {
    absolute,
    relative: absolute === 0 ? 0 : absolute / (magnitude > 0 ? magnitude : 1),
    detail: `at ${worst}: ${actual[worst]} instead of ${expected[worst]}`,
  };
}

/** Throws an error that names every tensor outside the tolerance. */
export function assertWithin(comparisons: readonly Comparison[], tolerance: number): void {
  const failures = comparisons.filter((found) => !(found.relative <= allowed(found, tolerance)));
  if (failures.length === 0) return;
  const lines = failures.map((found) =>
    `  ${found.name}: ${found.relative.toExponential(2)} of the largest magnitude ` +
    `(${found.absolute.toExponential(2)} ${found.detail}), ` +
    `allowed ${allowed(found, tolerance).toExponential(0)}`
  );
  throw new Error(
    `${failures.length} of ${comparisons.length} tensors differ:\n${lines.join("\n")}`,
  );
}

function allowed(comparison: Comparison, tolerance: number): number {
  return comparison.tolerance ?? tolerance;
}
