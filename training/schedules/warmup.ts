/** Linear warm-up, with which every schedule may start. */
import type { Memory, Metrics } from "../../checkpoints/run_state.ts";
import { z } from "../../schema/entry.ts";
import type { Schedule, ScheduleContext, ScheduleEntry } from "./schedule.ts";

const warmup = z.strictObject({
  epochs: z.number().positive().optional().describe("Length in epochs; a fraction is allowed"),
  steps: z.int().min(1).optional().describe("Length in optimizer steps"),
  startFactor: z.number().min(0).max(1).default(0.01).describe(
    "The first rate, as a share of the full one; from 0, step t of n has (t + 1) / n",
  ),
}).refine((w) => (w.epochs === undefined) !== (w.steps === undefined), {
  error: "give exactly one of epochs and steps",
}).optional().describe("Linear warm-up before the schedule starts");

/**
 * A schedule with the option `warmup`: the rate climbs from `startFactor` times its value to its
 * value, and the schedule proper starts after it, as PyTorch's `LinearLR` followed by the schedule
 * in a `SequentialLR`.
 */
export function withWarmup<S extends z.ZodRawShape>(
  { about, schema, build, warnings }: ScheduleEntry<z.ZodObject<S>>,
): ScheduleEntry<z.ZodObject<S & { warmup: typeof warmup }>> {
  return {
    about,
    // TypeScript cannot follow what `extend` does to a type parameter.
    schema: schema.extend({ warmup }) as unknown as z.ZodObject<S & { warmup: typeof warmup }>,
    build(options, context) {
      const { warmup, ...own } = options as { readonly warmup?: Warmup };
      const proper = (context: ScheduleContext) => build(own as z.output<z.ZodObject<S>>, context);
      return warmup ? warmUp(warmup, proper, context) : proper(context);
    },
    warnings(options, context) {
      const { warmup, ...own } = options as { readonly warmup?: Warmup };
      const length = warmup ? stepsOf(warmup, context) : 0;
      const { totalSteps } = context;
      if (length >= totalSteps) {
        return [
          `its warm-up takes ${length} steps and the training has ${totalSteps}: the schedule ` +
          "never starts, and the full rate is never reached",
        ];
      }
      const rest = { ...context, totalSteps: totalSteps - length };
      return warnings?.(own as z.output<z.ZodObject<S>>, rest) ?? [];
    },
  };
}

type Warmup = NonNullable<z.output<typeof warmup>>;

function warmUp(
  warmup: Warmup,
  proper: (context: ScheduleContext) => Schedule,
  context: ScheduleContext,
): Schedule {
  const { startFactor } = warmup;
  const length = stepsOf(warmup, context);
  const totalSteps = Math.max(1, context.totalSteps - length);
  const schedule = proper({ ...context, totalSteps });
  const first = schedule(0);
  const { follow } = schedule;
  const warmed: Schedule = (step, memory) =>
    step < length
      ? { ...first, learningRate: first.learningRate * warmupFactor(startFactor, step, length) }
      : schedule(step - length, memory);
  return follow
    ? Object.assign(warmed, {
      follow: (validation: Metrics, step: number, memory?: Memory) =>
        step < length ? memory : follow(validation, step - length, memory),
    })
    : warmed;
}

function stepsOf({ epochs = 0, steps }: Warmup, { stepsPerEpoch }: ScheduleContext): number {
  return steps ?? Math.round(epochs * stepsPerEpoch);
}

/**
 * `LinearLR`'s factor, which is `startFactor` at step 0 and 1 at step `length`. From 0 the rate is
 * that of one step ahead, `(step + 1) / length`, since a step with rate 0 would be lost.
 */
function warmupFactor(startFactor: number, step: number, length: number): number {
  return startFactor === 0
    ? (step + 1) / length
    : startFactor + (1 - startFactor) * (step / length);
}
