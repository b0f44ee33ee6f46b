/**
 * The WebGPU backend: tensor programs as WGSL kernels, generated for the shapes at hand.
 *
 * A program is lowered to dispatches (`lower.ts`), its memory planned (`memory.ts`), and the whole
 * of it encoded as one compute pass and submitted at once (`executable.ts`). Kernels are in
 * `kernels/`, one file a family.
 */
import type { Backend } from "../backend.ts";
import type { AllocationPlan } from "./allocation.ts";
import { compilePlan, loweringFor, planPrograms } from "./compile.ts";
import { type Device, type DeviceOptions, openDevice } from "./device.ts";
import { fitsLimits } from "./limits.ts";
import { RUNS_PER_READBACK } from "./readback.ts";
import { loadTuning, NO_TUNING, type Tuning, type TuningStore } from "./tuning.ts";

export { type DeviceOptions, openDevice } from "./device.ts";
export type { TuningStore } from "./tuning.ts";

/** Options of {@link webgpuBackend}. */
export interface WebgpuOptions extends Omit<DeviceOptions, "half"> {
  /**
   * `full` stores all numbers in 32 bits; `mixed` stores feature maps in 16, and computes in 32 all
   * the same. Default `full`.
   */
  readonly precision?: "full" | "mixed";
  /**
   * Where the fastest variants of the kernels are kept that tuning found on this adapter. Default:
   * nowhere; kernels are chosen by shape alone.
   */
  readonly tuning?: TuningStore;
}

/**
 * The WebGPU backend on this system's adapter. Throws InputError where there is no adapter, only a
 * software one and `software` is false, or one that lacks what `precision` asks for; RunError where
 * the adapter gives no device.
 *
 * Runs of its executables resolve late, several at a time. When the device is lost or reports an
 * error, runs in flight and all later calls reject with a RunError that says so.
 */
export async function webgpuBackend(options: WebgpuOptions = {}): Promise<Backend> {
  const { warn = () => {}, precision = "full" } = options;
  const device = await openDevice({ ...options, half: precision === "mixed" });
  const tuning = options.tuning
    ? await loadTuning(options.tuning, device.gpu.adapterInfo, warn)
    : NO_TUNING;
  const full = deviceBackend(device, { tuning, warn });
  if (precision === "full") return full;
  return { ...deviceBackend(device, { tuning, warn, halfActivations: true }), fullPrecision: full };
}

/** The backend that an open device makes. */
export function deviceBackend(
  device: Device,
  { tuning, warn, halfActivations = false }: {
    readonly tuning: Tuning;
    readonly warn: (message: string) => void;
    readonly halfActivations?: boolean;
  },
): Backend {
  const lowering = { ...loweringFor(device), halfActivations };
  return {
    name: "webgpu",
    description: `${device.description}${halfActivations ? ", mixed precision" : ""}`,
    threads: 1,
    runsPerReadback: RUNS_PER_READBACK,
    plan(programs) {
      const plan = planPrograms(programs, tuning, lowering);
      return { ...plan.memory, fits: fitsLimits(plan, device.gpu.limits) };
    },
    async compile(programs) {
      const plan = planPrograms(programs, tuning, lowering);
      warnOfUnknownVariants(plan, warn);
      return (await compilePlan(plan, device)).executable;
    },
  };
}

function warnOfUnknownVariants(
  { programs }: AllocationPlan,
  warn: (message: string) => void,
): void {
  const unknown = programs.flatMap(({ tunable }) => tunable).filter(({ tuned, variants }) =>
    tuned !== undefined && !variants.includes(tuned)
  );
  if (unknown.length === 0) return;
  warn(
    `tuning names variants of ${unknown.length} kernels that there are not, such as ` +
      `"${
        unknown[0].tuned
      }"; the built-in choice is taken for them, and \`overfold tune CONFIG\` ` +
      "finds the fastest anew",
  );
}
