/** Whether a device can hold and run some programs. */
import { InputError } from "../../errors.ts";
import type { AllocationPlan } from "./allocation.ts";
import type { WantedLimit } from "./device.ts";
import { buildShader } from "./shader.ts";

/** What the limits of a device are compared with. */
export type Limits = Readonly<Record<WantedLimit, number>>;

/** What exceeds a limit. */
interface Need {
  readonly limit: WantedLimit;
  readonly amount: number;
  readonly what: string;
}

/**
 * Throws InputError if a plan needs more than the device gives; names the limit, the need and a way
 * out. Nothing has been allocated by then.
 */
export function checkLimits(plan: AllocationPlan, limits: Limits, description: string): void {
  const exceeded = needs(plan).find(({ limit, amount }) => amount > limits[limit]);
  if (!exceeded) return;
  const { limit, amount, what } = exceeded;
  const isMemory = limit === "maxBufferSize" || limit === "maxStorageBufferBindingSize";
  const format = (value: number) => isMemory ? `${(value / 2 ** 20).toFixed(1)} MiB` : `${value}`;
  throw new InputError(
    `${what} needs ${format(amount)}, more than ${limit} of ${description}, which is ` +
      `${format(limits[limit])}; ${
        isMemory ? "choose a smaller batch or image" : "use another adapter"
      }, or use \`backend: cpu\``,
  );
}

function* needs({ programs, sizes, variables }: AllocationPlan): Generator<Need> {
  for (const { bytes, label } of variables.values()) {
    yield { limit: "maxBufferSize", amount: bytes, what: `the variable "${label}"` };
  }
  for (const program of programs) {
    for (const phase of program.phases) {
      const what = `${phase.label} in program "${program.name}"`;
      const { bindings } = buildShader(phase);
      yield { limit: "maxStorageBuffersPerShaderStage", amount: bindings.length, what };
      for (const { bytes } of bindings) {
        yield { limit: "maxStorageBufferBindingSize", amount: bytes, what };
      }
    }
  }
  for (const amount of sizes) yield { limit: "maxBufferSize", amount, what: "an activation" };
}
