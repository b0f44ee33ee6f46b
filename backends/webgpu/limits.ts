/** Whether programs stay within the limits of a device. */
import { InputError } from "../../errors.ts";
import { MemoryLimitError } from "../backend.ts";
import type { AllocationPlan } from "./allocation.ts";
import type { WantedLimit } from "./device.ts";
import { buildShader } from "./shader.ts";

/** The limits of a device that are checked. */
export type Limits = Readonly<Record<WantedLimit, number>>;

/** An amount that is compared with a limit. */
interface Need {
  readonly limit: WantedLimit;
  readonly amount: number;
  readonly what: string;
  /** Whether it grows with the batch. */
  readonly isBatch: boolean;
}

/** Whether a device provides all that a plan needs. */
export function fitsLimits(plan: AllocationPlan, limits: Limits): boolean {
  return exceeding(plan, limits) === undefined;
}

/**
 * Throws InputError if a plan needs more than the device provides, MemoryLimitError if a smaller
 * batch may help; the message names the limit, the amount and a remedy. Call it before allocating.
 */
export function checkLimits(plan: AllocationPlan, limits: Limits, description: string): void {
  const exceeded = exceeding(plan, limits);
  if (!exceeded) return;
  const { limit, amount, what, isBatch } = exceeded;
  const isMemory = limit !== "maxStorageBuffersPerShaderStage";
  const format = (value: number) => isMemory ? `${(value / 2 ** 20).toFixed(1)} MiB` : `${value}`;
  const remedy = isBatch
    ? "choose a smaller batch or image"
    : isMemory
    ? "choose a smaller model"
    : "use another adapter";
  const message = `${what} needs ${format(amount)}, more than ${limit} of ${description}, which ` +
    `is ${format(limits[limit])}; ${remedy}, or use \`backend: cpu\``;
  throw isBatch ? new MemoryLimitError(message) : new InputError(message);
}

function exceeding(plan: AllocationPlan, limits: Limits): Need | undefined {
  return needs(plan).find(({ limit, amount }) => amount > limits[limit]);
}

function* needs({ programs, sizes, variables }: AllocationPlan): Generator<Need> {
  for (const { bytes, label } of variables.values()) {
    const what = `the variable "${label}"`;
    yield { limit: "maxBufferSize", amount: bytes, what, isBatch: false };
  }
  for (const program of programs) {
    for (const dispatch of program.dispatches) {
      const what = `${dispatch.label} in program "${program.name}"`;
      const { bindings } = buildShader(dispatch);
      const amount = bindings.length;
      yield { limit: "maxStorageBuffersPerShaderStage", amount, what, isBatch: false };
      for (const { bytes, buffer } of bindings) {
        const isBatch = buffer.kind !== "variable" && buffer.kind !== "constant";
        yield { limit: "maxStorageBufferBindingSize", amount: bytes, what, isBatch };
      }
    }
  }
  for (const amount of sizes) {
    yield { limit: "maxBufferSize", amount, what: "an activation", isBatch: true };
  }
}
