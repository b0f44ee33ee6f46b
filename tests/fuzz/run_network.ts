/** How a network that was read from a mutated file is run. */
import { evaluateProgram } from "../../backends/reference/reference.ts";
import type { LoadedNetwork } from "../../checkpoints/load.ts";
import { programInputs } from "../../graph/leaves.ts";
import { type Program, sizeOf } from "../../graph/types.ts";
import { foldForInference } from "../../ops/fold_for_inference.ts";
import { multiplyAccumulates } from "../../ops/multiply_accumulates.ts";
import { runBetweenCanaries } from "../support/canaries.ts";

/** Multiply-accumulate operations of what is small enough to be run many times over. */
const MOST_MACS = 1e6;

/** Forms of code, and whether batch norms are folded, one after the other. */
const FORMS = [
  { target: { wide: 1, relaxedSimd: false }, batchNorm: false },
  { target: { wide: 2, relaxedSimd: true }, batchNorm: true },
  { target: { wide: 1, relaxedSimd: true }, batchNorm: true },
  { target: { wide: 4, relaxedSimd: false }, batchNorm: false },
] as const;
let runs = 0;

/**
 * Runs a network's program between guard bytes and by its plain meaning; resolves with whether it is
 * small enough for that. Throws an Error if they differ.
 */
// deno-lint-ignore require-await -- errors must come as rejections
export async function runNetwork({ program }: Pick<LoadedNetwork, "program">): Promise<boolean> {
  const { target, batchNorm } = FORMS[runs++ % FORMS.length];
  const infer = batchNorm ? foldForInference(program(2), { batchNorm }) : program(3);
  const macs = infer.nodes.reduce((sum, node) => sum + multiplyAccumulates(node), 0);
  if (macs > MOST_MACS) return false;
  const inputs = Object.fromEntries(
    programInputs(infer).map(({ name, shape }) => [
      name,
      Uint8Array.from({ length: sizeOf(shape) }, (_, i) => (i * i * 73) % 251),
    ]),
  );
  const found = runBetweenCanaries(infer, inputs, target);
  if (found) compare(infer, inputs, found);
  return found !== undefined;
}

/** Numbers larger than this leave too few digits behind them to compare. */
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
