/** Sums over the invocations of a workgroup, in a fixed order. */

/** WGSL that leaves in `name`, a variable of each invocation, the combination of all of theirs. */
export interface ThreadReduction {
  readonly globals: string;
  readonly statements: string;
}

/** Options of {@link combineThreads}. */
export interface CombineOptions {
  /** WGSL that combines the terms `a` and `b`; default their sum. */
  readonly combine?: string;
  /** Invocations whose numbers are equal modulo it are combined, a power of two; default 1, all. */
  readonly lanes?: number;
}

/**
 * Combines the values of the invocations pairwise, halving the distance from step to step.
 * `threads` is a power of two. Must be reached by all invocations together.
 */
export function combineThreads(
  name: string,
  type: string,
  threads: number,
  { combine = "a + b", lanes = 1 }: CombineOptions = {},
): ThreadReduction {
  const shared = `shared_${name}`;
  const lines = [`${shared}[thread] = ${name};`, "workgroupBarrier();"];
  for (let distance = threads / 2; distance >= lanes; distance /= 2) {
    lines.push(
      `if (thread < ${distance}u) { let a = ${shared}[thread]; ` +
        `let b = ${shared}[thread + ${distance}u]; ${shared}[thread] = ${combine}; }`,
      "workgroupBarrier();",
    );
  }
  lines.push(`${name} = ${shared}[${lanes === 1 ? "0" : `thread % ${lanes}u`}];`);
  return {
    globals: `var<workgroup> ${shared}: array<${type}, ${threads}>;`,
    statements: lines.join("\n"),
  };
}
