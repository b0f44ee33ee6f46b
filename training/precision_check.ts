/** Checks whether storing numbers in 16 bits harms a network: one loss, computed both ways. */
import type { Backend, TensorData } from "../backends/backend.ts";
import { RunError } from "../errors.ts";
import { programInputs } from "../graph/leaves.ts";
import type { Program } from "../graph/types.ts";

/** Largest difference of the losses, relative to the loss in full precision. */
const TOLERANCE = 2e-2;
/** Losses below it get its tolerance: they are differences of larger numbers. */
const MIN_LOSS = 0.1;

/** Runs a program once, with variables of these values, and resolves with its `loss`. */
export async function lossOf(
  backend: Backend,
  program: Program,
  variables: ReadonlyMap<string, Float32Array>,
  inputs: Readonly<Record<string, TensorData>>,
): Promise<number> {
  const own = programInputs(program).map(({ name }) => [name, inputs[name].slice()]);
  const executable = await backend.compile([program]);
  try {
    for (const { name } of program.variables) {
      const numbers = variables.get(name);
      if (numbers) executable.write(name, numbers);
    }
    const { loss } = await executable.run(program.name, Object.fromEntries(own));
    return loss[0];
  } finally {
    executable.dispose();
  }
}

/**
 * Throws RunError if a loss differs from the one in full precision by more than rounding explains.
 */
export function requireAgreement(loss: number, full: number): void {
  const allowed = TOLERANCE * Math.max(Math.abs(full), MIN_LOSS);
  // If full precision fails too, the training reports that itself.
  if (!Number.isFinite(full) || Math.abs(loss - full) <= allowed) return;
  throw new RunError(
    `\`precision: mixed\` does not suit this network: the loss of the first step is ${loss} with ` +
      `feature maps of 16 bits and ${full} with 32; use \`precision: fast\``,
  );
}
