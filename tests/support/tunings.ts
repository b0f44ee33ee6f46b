/** All variants of WebGPU kernels. */
import { tunableKernels } from "../../backends/webgpu/tune.ts";
import type { Tuning } from "../../backends/webgpu/tuning.ts";
import type { Program } from "../../graph/types.ts";

/** All variants of a program's kernels, as tunings with one variant per kernel. */
export function tunings(program: Program): Tuning[] {
  const kernels = tunableKernels([program]);
  const rounds = Math.max(...kernels.map(({ variants }) => variants.length));
  return Array.from(
    { length: rounds },
    (_, i) => new Map(kernels.map(({ key, variants }) => [key, variants[i % variants.length]])),
  );
}
