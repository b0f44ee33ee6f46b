/** Sums over the invocations of a workgroup, in a fixed order. */

/** WGSL that leaves in `name`, a variable of each invocation, the combination of all of theirs. */
export interface ThreadReduction {
  readonly globals: string;
  readonly statements: string;
}

/**
 * Combines the values of all invocations pairwise, halving the distance from step to step.
 * `threads` is a power of two. Must be reached by all invocations together.
 *
 * @param combine WGSL that combines the terms `a` and `b`; default their sum
 */
export function combineThreads(
  name: string,
  type: string,
  threads: number,
  combine = "a + b",
): ThreadReduction {
  const shared = `shared_${name}`;
  const lines = [`${shared}[thread] = ${name};`, "workgroupBarrier();"];
  for (let distance = threads / 2; distance >= 1; distance /= 2) {
    lines.push(
      `if (thread < ${distance}u) { let a = ${shared}[thread]; ` +
        `let b = ${shared}[thread + ${distance}u]; ${shared}[thread] = ${combine}; }`,
      "workgroupBarrier();",
    );
  }
  lines.push(`${name} = ${shared}[0];`);
  return {
    globals: `var<workgroup> ${shared}: array<${type}, ${threads}>;`,
    statements: lines.join("\n"),
  };
}
