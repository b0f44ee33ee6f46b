/** Sums over the invocations of a workgroup, in a fixed order. */

/** Options of {@link combineThreads}. */
export interface CombineOptions {
  /** WGSL that combines the terms `a` and `b`. Default: their sum. */
  readonly combine?: string;
  /** WGSL of the number of results, a power of two: of threads equal modulo it. Default 1. */
  readonly lanes?: string;
}

/**
 * WGSL function `NAME(thread, term)`: combines the terms of all invocations pairwise, at distances
 * that halve from step to step. `THREADS` is a power of two. All invocations call it together, and
 * again only after a barrier.
 */
export function combineThreads(
  name: string,
  type: string,
  { combine = "a + b", lanes = "1" }: CombineOptions = {},
): string {
  return `
var<workgroup> ${name}Terms: array<${type}, THREADS>;
fn ${name}(thread: u32, term: ${type}) -> ${type} {
  ${name}Terms[thread] = term;
  workgroupBarrier();
  for (var distance: u32 = THREADS / 2; distance >= ${lanes}; distance /= 2) {
    if (thread < distance) {
      let a = ${name}Terms[thread];
      let b = ${name}Terms[thread + distance];
      ${name}Terms[thread] = ${combine};
    }
    workgroupBarrier();
  }
  return ${name}Terms[thread % ${lanes}];
}`;
}
