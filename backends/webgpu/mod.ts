/**
 * The WebGPU backend: tensor programs as WGSL kernels, generated for the shapes at hand.
 *
 * A program is lowered to dispatches (`lower.ts`) and its memory is planned (`memory.ts`); an
 * execution encodes them as one compute pass and one submission (`executable.ts`). Kernels are in
 * `kernels/`, one file per family.
 */
import type { Backend, Numerics } from "../backend.ts";
import type { AllocationPlan } from "./allocation.ts";
import { Planned } from "../planned.ts";
import { compilePlan, loweringFor, planPrograms } from "./compile.ts";
import { type Device, type DeviceOptions, openDevice } from "./device.ts";
import { fitsLimits } from "./limits.ts";
import { RUNS_PER_READBACK } from "./readback.ts";
import {
  contextOf,
  loadTuning,
  NO_TUNING,
  repeatedTuning,
  type Tuning,
  type TuningStore,
} from "./tuning.ts";

export { type DeviceOptions, openDevice } from "./device.ts";
export type { TuningStore } from "./tuning.ts";

/** Options of {@link webgpuBackend}. */
export interface WebgpuOptions extends Omit<DeviceOptions, "half"> {
  /**
   * `full` stores all numbers in 32 bits; `mixed` stores feature maps in 16 bits and still computes
   * in 32. Default `full`.
   */
  readonly precision?: "full" | "mixed";
  /**
   * Where tuning stores the fastest kernel variants of this adapter. Default: none; kernels are
   * chosen by shape alone.
   */
  readonly tuning?: TuningStore;
  /** Numerics of the backend whose bits should be repeated; `precision` is ignored then. */
  readonly repeat?: Numerics;
}

/**
 * The WebGPU backend on this system's adapter. Throws InputError if there is no adapter, only a
 * software one while `software` is false, one without a feature that `precision` needs, or a
 * different one from that of `repeat`; RunError if the adapter provides no device.
 *
 * Executions resolve late, several at a time. When the device is lost or reports an error, those in
 * flight and all later calls reject with a RunError that says so.
 */
export async function webgpuBackend(options: WebgpuOptions = {}): Promise<Backend> {
  const { warn = () => {}, repeat, tuning: store } = options;
  const halfActivations = repeat ? repeat.halfActivations === true : options.precision === "mixed";
  const device = await openDevice({ ...options, half: halfActivations });
  const { adapterInfo } = device.gpu;
  const context = await contextOf(store, adapterInfo);
  const tuning = repeat
    ? repeatedTuning(repeat, context)
    : store
    ? await loadTuning(store, adapterInfo, warn, context)
    : NO_TUNING;
  const [full, mixed] = [false, true].map((halfActivations) => {
    const backend = deviceBackend(device, { tuning, warn, halfActivations });
    return { ...backend, numerics: { ...backend.numerics, ...context } };
  });
  return halfActivations ? { ...mixed, fullPrecision: full } : full;
}

/** The backend on an open device. */
export function deviceBackend(
  device: Device,
  { tuning, warn, halfActivations = false }: {
    readonly tuning: Tuning;
    readonly warn: (message: string) => void;
    readonly halfActivations?: boolean;
  },
): Backend {
  const lowering = { ...loweringFor(device), halfActivations };
  const planned = new Planned((programs) => planPrograms(programs, tuning, lowering));
  return {
    name: "webgpu",
    description: `${device.description}${halfActivations ? ", mixed precision" : ""}`,
    threads: 1,
    numerics: { halfActivations, tuning: Object.fromEntries(tuning) },
    // While the results of one half are read back, the other half keeps the device busy.
    runsInFlight: 2 * RUNS_PER_READBACK,
    blocking: false,
    plan(programs) {
      const plan = planned.plan(programs);
      return { ...plan.memory, fits: fitsLimits(plan, device.gpu.limits) };
    },
    async compile(programs) {
      const plan = planned.take(programs);
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
    `tuning names variants that do not exist for ${unknown.length} kernels, such as ` +
      `"${
        unknown[0].tuned
      }"; these kernels use the built-in choice; run \`overfold tune CONFIG\` ` +
      "to find the fastest again",
  );
}
