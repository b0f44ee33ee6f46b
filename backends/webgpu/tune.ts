/**
 * Finds the fastest variant of each kernel on an adapter: each is run by itself on the program's
 * shapes, its results are compared with those of the built-in choice and, if they agree, it is
 * timed.
 */
import { InputError } from "../../errors.ts";
import { apply, input, output, trace } from "../../graph/trace.ts";
import { type Program, sizeOf } from "../../graph/types.ts";
import type { TensorData } from "../backend.ts";
import { largestDifference } from "../../reporting/largest_difference.ts";
import { compilePlan, loweringFor, planPrograms } from "./compile.ts";
import type { Device } from "./device.ts";
import { encodeDispatches, type ReadyDispatch } from "./dispatch.ts";
import type { LoweringOptions } from "./lower.ts";
import type { TunableKernel } from "./lowered_program.ts";
import { timePasses } from "./profile.ts";
import { NO_TUNING } from "./tuning.ts";

/** The result of trying a variant. */
export interface TunedVariant {
  readonly name: string;
  /** Time of one run; absent for a variant that must not be used. */
  readonly milliseconds?: number;
  /** Why it must not be used. */
  readonly problem?: string;
}

/** The result for one kernel. */
export interface TunedKernel {
  /** See `kernelKey`. */
  readonly key: string;
  /** The variant to use. */
  readonly fastest: string;
  /** In the order tried; the first is the built-in choice. */
  readonly variants: readonly TunedVariant[];
}

/** Largest difference from the built-in choice's results, relative to their largest. */
const TOLERANCE = 1e-4;
/** Most of the built-in choice's time that a faster variant may take: smaller gains are noise. */
const WORTHWHILE = 0.97;
/** A variant whose first run takes this many times longer than the fastest is timed no further. */
const HOPELESS = 2;
/** Most runs of a kernel per pass. */
const MAX_RUNS = 1024;
/** Passes that are timed; the shortest, which was disturbed the least, counts. */
const PASSES = 3;

/** The kernels with several variants in some programs, each once. */
export function tunableKernels(
  programs: readonly Program[],
  lowering: LoweringOptions = {},
): TunableKernel[] {
  const { programs: lowered } = planPrograms(programs, NO_TUNING, lowering);
  const kernels = lowered.flatMap(({ tunable }) => tunable);
  const byKey = new Map(kernels.map((kernel) => [kernel.key, kernel]));
  return [...byKey.values()].filter(({ variants }) => variants.length > 1);
}

/** Tries all variants of a kernel. Throws InputError if the device cannot run the first. */
export async function tuneKernel(kernel: TunableKernel, device: Device): Promise<TunedKernel> {
  const bench = new KernelBench(kernel, device);
  const [first, ...others] = kernel.variants;
  const expected = await bench.try(first);
  let best = expected.milliseconds;
  const found: TunedVariant[] = [];
  for (const name of others) {
    const variant = await bench.tryAgainst(name, expected.results, best);
    best = Math.min(best, variant.milliseconds ?? Infinity);
    found.push(variant);
  }
  // Adapters speed up under load, so the first variant is timed again.
  const again = await bench.try(first);
  const milliseconds = Math.min(expected.milliseconds, again.milliseconds);
  const fastest = best <= WORTHWHILE * milliseconds
    ? found.find((variant) => variant.milliseconds === best)!.name
    : first;
  return { key: kernel.key, fastest, variants: [{ name: first, milliseconds }, ...found] };
}

/** The outcome of running a variant. */
interface Trial {
  readonly milliseconds: number;
  readonly results: Readonly<Record<string, Float32Array>>;
}

/** A program with one kernel, to try its variants. */
class KernelBench {
  readonly #kernel: TunableKernel;
  readonly #device: Device;
  readonly #program: Program;
  readonly #inputs: Readonly<Record<string, TensorData>>;

  constructor(kernel: TunableKernel, device: Device) {
    const { op, inputs, attributes } = kernel.node;
    this.#kernel = kernel;
    this.#device = device;
    this.#program = trace({ name: "kernel" }, () => {
      const values = inputs.map(({ shape, dtype }, i) => input(`x${i}`, shape, dtype));
      apply(op, values, attributes).forEach((value, i) => output(`y${i}`, value));
    });
    this.#inputs = Object.fromEntries(
      inputs.map(({ shape }, i) => [`x${i}`, scatteredNumbers(sizeOf(shape), i)]),
    );
  }

  /** Runs and times a variant; stops early with a rough time if that exceeds `limit`. */
  async try(variant: string, limit = Infinity): Promise<Trial> {
    const tuning = new Map([[this.#kernel.key, variant]]);
    const plan = planPrograms([this.#program], tuning, loweringFor(this.#device));
    const { executable, dispatches: [all] } = await compilePlan(plan, this.#device);
    try {
      const results = await executable.run(this.#program.name, this.#inputs);
      const dispatches = all.filter(({ dispatch }) => dispatch.label === this.#kernel.node.op.name);
      return { results, milliseconds: await timeRepeated(dispatches, this.#device, limit) };
    } finally {
      executable.dispose();
    }
  }

  /** The same, and compares the results with the expected ones. Throws only if the device fails. */
  async tryAgainst(name: string, expected: Trial["results"], best: number): Promise<TunedVariant> {
    try {
      const { milliseconds, results } = await this.try(name, HOPELESS * best);
      const difference = Math.max(
        ...Object.keys(expected).map((key) =>
          largestDifference(results[key], expected[key]).relative
        ),
      );
      if (difference <= TOLERANCE) return { name, milliseconds };
      return { name, problem: `wrong results: off by ${difference.toExponential(1)}` };
    } catch (error) {
      if (this.#device.failure) throw this.#device.failure;
      if (error instanceof InputError) return { name, problem: error.message };
      // The shader's text follows the driver's message.
      const [reason] = (error as Error).message.split("\n");
      return { name, problem: `does not compile: ${reason}` };
    }
  }
}

/** Milliseconds of some dispatches together; a rough figure if it exceeds `limit`. */
async function timeRepeated(
  dispatches: readonly ReadyDispatch[],
  device: Device,
  limit: number,
): Promise<number> {
  // Without timestamps the host's own delay, about 10 ms in Deno, must be small compared to the
  // pass.
  const [time, enough] = device.hasTimestamps ? [timePasses, 4] : [timeSubmissions, 160];
  let count = 1;
  let [rough] = await time(device, [dispatches]);
  while (rough < enough && count < MAX_RUNS) {
    count *= 4;
    [rough] = await time(device, [repeat(dispatches, count)]);
  }
  if (rough / count > limit) return rough / count;
  const times = await time(device, Array(PASSES).fill(repeat(dispatches, count)));
  return Math.min(rough, ...times) / count;
}

function repeat<T>(items: readonly T[], count: number): T[] {
  return Array.from({ length: count }, () => items).flat();
}

/** Milliseconds of each pass, by the host's clock. */
async function timeSubmissions(
  { gpu }: Device,
  passes: readonly (readonly ReadyDispatch[])[],
): Promise<number[]> {
  const times: number[] = [];
  for (const dispatches of passes) {
    const start = performance.now();
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    encodeDispatches(pass, dispatches);
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    await gpu.queue.onSubmittedWorkDone();
    times.push(performance.now() - start);
  }
  return times;
}

/** Numbers in [-1, 1) without a pattern that could hide a mistake; the same for every call. */
function scatteredNumbers(length: number, seed: number): Float32Array {
  return Float32Array.from(
    { length },
    (_, i) => (Math.imul(i + 7919 * seed + 1, 0x9e3779b1) >>> 8) / 2 ** 23 - 1,
  );
}
