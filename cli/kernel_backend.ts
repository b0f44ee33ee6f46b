/** The backend on which `overfold kernel` runs a kernel. */

import type { Backend } from "../backends/backend.ts";
import { referenceBackend } from "../backends/registry.ts";
import { loweringFor } from "../backends/webgpu/compile.ts";
import { openDevice } from "../backends/webgpu/device.ts";
import { deviceBackend } from "../backends/webgpu/mod.ts";
import { quietDriver } from "../backends/webgpu/quiet_driver.ts";
import { tunableKernels } from "../backends/webgpu/tune.ts";
import { loadTuning } from "../backends/webgpu/tuning.ts";
import { fileTuningStore } from "../backends/webgpu/tuning_store.ts";
import { InputError } from "../errors.ts";
import type { Program } from "../graph/types.ts";
import { openChosen } from "./backend.ts";
import type { Arguments, Context } from "./command.ts";

/** Names that `--backend` accepts here. */
export const KERNEL_BACKENDS = ["cpu", "webgpu", "reference"] as const;

interface KernelBackend {
  readonly backend: Backend;
  /** Names of the kernel's variants, the built-in choice first; empty if there is no choice. */
  readonly variants: readonly string[];
}

/** Opens the backend named by the arguments. Throws InputError for an unknown one or variant. */
export async function openKernelBackend(
  args: Arguments,
  program: Program,
  context: Context,
): Promise<KernelBackend> {
  const backend = args.choice("backend", KERNEL_BACKENDS) ?? "cpu";
  const variant = args.integer("variant");
  if (backend === "webgpu") return await openWebgpu(program, variant, context);
  if (variant !== undefined) {
    throw new InputError(`--variant: only webgpu has variants, not ${backend}`);
  }
  return {
    backend: backend === "reference"
      ? referenceBackend()
      : await openChosen({ backend, threads: args.integer("threads") }, context),
    variants: [],
  };
}

/** WebGPU with variant `number`, from 1, of a program's kernel; by default the tuned one. */
async function openWebgpu(
  program: Program,
  number: number | undefined,
  { progress }: Context,
): Promise<KernelBackend> {
  quietDriver();
  const warn = (line: string) => progress.print(`warning: ${line}`);
  const device = await openDevice({ warn });
  const [kernel] = tunableKernels([program], loweringFor(device));
  const variants = kernel?.variants ?? [];
  if (number === undefined) {
    const tuning = await loadTuning(fileTuningStore(), device.gpu.adapterInfo, warn);
    return { backend: deviceBackend(device, { tuning, warn }), variants };
  }
  const variant = variants[number - 1];
  if (variant === undefined) {
    throw new InputError(
      `--variant: found ${number}, but this kernel has ` +
        (kernel ? `variants 1 to ${variants.length}` : "no variants for these shapes"),
    );
  }
  const backend = deviceBackend(device, { tuning: new Map([[kernel.key, variant]]), warn });
  const description = `${backend.description}, variant ${variant}`;
  return { backend: { ...backend, description }, variants };
}
