/** The backend that `overfold kernel` tries a kernel on. */

import type { Backend } from "../backends/backend.ts";
import { referenceBackend } from "../backends/reference/reference.ts";
import { compilePlan, planPrograms } from "../backends/webgpu/compile.ts";
import { openDevice } from "../backends/webgpu/device.ts";
import { quietDriver } from "../backends/webgpu/quiet_driver.ts";
import { tunableKernels } from "../backends/webgpu/tune.ts";
import { InputError } from "../errors.ts";
import type { Program } from "../graph/types.ts";
import { openChosen } from "./backend.ts";
import type { Arguments, Context } from "./command.ts";

/** Names that `--backend` takes here. */
export const KERNEL_BACKENDS = ["cpu", "webgpu", "reference"] as const;

/** Names of the variants of a program's kernel on WebGPU, the built-in choice first. */
export function variantsOf(program: Program): readonly string[] {
  return tunableKernels([program])[0]?.variants ?? [];
}

/** Opens the backend the arguments name. Throws InputError for one or a variant there is not. */
export async function openKernelBackend(
  args: Arguments,
  program: Program,
  context: Context,
): Promise<Backend> {
  const name = args.text("backend") ?? "cpu";
  const backend = KERNEL_BACKENDS.find((known) => known === name);
  if (!backend) {
    const known = KERNEL_BACKENDS.join(", ");
    throw new InputError(`--backend: found "${name}", expected one of ${known}`);
  }
  const variant = args.integer("variant");
  if (variant !== undefined) {
    if (backend === "webgpu") return await openVariant(program, variant, context);
    throw new InputError(`--variant: only webgpu has variants, not ${backend}`);
  }
  if (backend === "reference") return referenceBackend();
  return await openChosen({ backend, threads: args.integer("threads") }, context);
}

/** WebGPU that takes variant `number`, from 1, of a program's kernel. */
async function openVariant(
  program: Program,
  number: number,
  { progress }: Context,
): Promise<Backend> {
  const [kernel] = tunableKernels([program]);
  const variant = kernel?.variants[number - 1];
  if (variant === undefined) {
    throw new InputError(
      `--variant: found ${number}, but this kernel has ` +
        (kernel ? `variants 1 to ${kernel.variants.length}` : "no variants for these shapes"),
    );
  }
  quietDriver();
  const device = await openDevice({ warn: (line) => progress.print(`warning: ${line}`) });
  const tuning = new Map([[kernel.key, variant]]);
  return {
    name: "webgpu",
    description: `${device.description}, variant ${variant}`,
    threads: 1,
    plan: (programs) => planPrograms(programs, tuning).memory,
    compile: async (programs) =>
      (await compilePlan(planPrograms(programs, tuning), device)).executable,
  };
}
