/** Runs a network from a mutated file. */
import { evaluateProgram } from "../../backends/reference/reference.ts";
import type { LoadedNetwork } from "../../checkpoints/load.ts";
import { programInputs } from "../../graph/leaves.ts";
import { type Program, sizeOf } from "../../graph/types.ts";
import { foldForInference } from "../../ops/fold_for_inference.ts";
import { multiplyAccumulates } from "../../ops/multiply_accumulates.ts";
import { runBetweenCanaries } from "../support/canaries.ts";
import { assertSameBits, CPU_FORMS } from "../support/cpu_forms.ts";

/** Maximum multiply-accumulate operations of a network that is run many times. */
const MAX_MACS = 1e6;

/** Whether multiply-adds are fused and batch norms folded, in turn. */
const VARIANTS = [
  { relaxedSimd: false, batchNorm: false },
  { relaxedSimd: true, batchNorm: true },
] as const;
let runs = 0;

/**
 * Runs a network's program between guard bytes, in every form, and on the reference; resolves with
 * whether it is small enough for that. Throws an Error if they differ, or if forms differ in any
 * bit.
 */
// deno-lint-ignore require-await -- errors must come as rejections
export async function runNetwork({ program }: Pick<LoadedNetwork, "program">): Promise<boolean> {
  const { relaxedSimd, batchNorm } = VARIANTS[runs++ % VARIANTS.length];
  const infer = batchNorm ? foldForInference(program(2), { batchNorm }) : program(3);
  const macs = infer.nodes.reduce((sum, node) => sum + multiplyAccumulates(node), 0);
  if (macs > MAX_MACS) return false;
  const inputs = Object.fromEntries(
    programInputs(infer).map(({ name, shape }) => [
      name,
      Uint8Array.from({ length: sizeOf(shape) }, (_, i) => (i * i * 73) % 251),
    ]),
  );
  const found = CPU_FORMS.map(({ form, wide }) =>
    runBetweenCanaries(infer, inputs, { wide, relaxedSimd }, form)
  ).filter((outputs) => outputs !== undefined);
  if (found.length === 0) return false;
  compare(infer, inputs, found[0]);
  for (const name of Object.keys(found[0])) {
    assertSameBits(found.map((outputs) => outputs[name]), name);
  }
  return true;
}

/** Larger numbers have too few accurate digits to compare. */
const LARGEST = 1e4;
const TOLERANCE = 1e-3;

function compare(
  program: Program,
  inputs: Record<string, Uint8Array>,
  found: Readonly<Record<string, Float32Array>>,
): void {
  const values = evaluateProgram(program, inputs, () => new Float64Array());
  const isTame = [...values.values()].every((data) =>
    data.every((number) => Math.abs(number) <= LARGEST)
  );
  if (!isTame) return;
  for (const [name, value] of Object.entries(program.outputs)) {
    values.get(value)!.forEach((number, i) => {
      if (!(Math.abs(found[name][i] - number) <= TOLERANCE * Math.max(1, Math.abs(number)))) {
        throw new Error(`${name}[${i}] is ${found[name][i]}, expected ${number}`);
      }
    });
  }
}
