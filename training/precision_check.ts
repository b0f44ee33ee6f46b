/** Whether storing numbers in 16 bits does a network harm: one loss, computed both ways. */
import type { Backend, TensorData } from "../backends/backend.ts";
import { RunError } from "../errors.ts";
import { programInputs } from "../graph/leaves.ts";
import type { Program } from "../graph/types.ts";

/** Largest difference of the losses, of the loss in full precision. */
const TOLERANCE = 2e-2;
/** Losses below it are held to its tolerance: they are differences of numbers that are larger. */
const MIN_LOSS = 0.1;

/** Runs a program once, over variables that hold these numbers, and resolves with its `loss`. */
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

/** Throws RunError where a loss is further from the one in full precision than rounding explains. */
export function requireAgreement(loss: number, full: number): void {
  const allowed = TOLERANCE * Math.max(Math.abs(full), MIN_LOSS);
  // Where full precision fails too, the training says so itself.
  if (!Number.isFinite(full) || Math.abs(loss - full) <= allowed) return;
  throw new RunError(
    `\`precision: mixed\` does not suit this network: the loss of the first step is ${loss} with ` +
      `feature maps of 16 bits and ${full} with 32; use \`precision: fast\``,
  );
}
