/** `overfold kernel`: a laboratory for kernels, one op at a time. */

import {
  type Backend,
  DeviceError,
  type Executable,
  type KernelTiming,
  LAYOUT_CONVERSION,
} from "../backends/backend.ts";
import { largestDifference } from "../reporting/largest_difference.ts";
import { referenceBackend } from "../backends/registry.ts";
import { EXIT, RunError } from "../errors.ts";
import { type Program, sizeOf } from "../graph/types.ts";
import { multiplyAccumulates } from "../ops/multiply_accumulates.ts";
import { formatTable, wrapText } from "../reporting/format.ts";
import { median } from "../reporting/statistics.ts";
import { callsTable } from "./bench_tables.ts";
import type { Command } from "./command.ts";
import { KERNEL_BACKENDS, openKernelBackend } from "./kernel_backend.ts";
import { type KernelCase, kernelCase, opNames } from "./kernel_case.ts";

/** Largest error of a result, relative to its largest number. */
const TOLERANCE = 1e-4;
/** Warm-up runs that are not counted: JavaScript engines are still optimizing the code. */
const WARM_UP_RUNS = 3;

export const command: Command = {
  positionals: [{ name: "OP", help: "Name of an op, such as conv2d or channelMoments" }],
  options: {
    shape: {
      value: "SHAPE",
      repeated: true,
      help: "Shape of each input in order: 8x16x32x32, scalar, 128:i32, 9x9:u8",
    },
    attribute: {
      value: "KEY=VALUE",
      repeated: true,
      help: "An attribute of the op, in JSON, such as stride=[2,2]",
    },
    backend: { value: "NAME", help: `One of ${KERNEL_BACKENDS.join(", ")}; by default cpu` },
    variant: {
      value: "N",
      help: "A variant of the WebGPU kernel, from 1; by default the tuned one",
    },
    threads: { value: "N", help: "Threads of the CPU backend; by default one per core" },
    runs: { value: "N", help: "Runs to time (default: 20)" },
    "skip-check": { help: "Skip the comparison with the reference, which is slow" },
  },
  details:
    "Runs one op on random numbers, compares the result with the reference's and times its kernels,\n" +
    "without changes of memory layout, which are rare in a network; prints the median. GFLOP/s counts\n" +
    "the operations that the op defines, GB/s each of its inputs and outputs once. For comparison, a\n" +
    "512x512 matrix product and the scaling of a 16 MiB tensor run on the same backend. Exits with code\n" +
    "1 if a number is off by more than 1e-4 of the largest. Without shapes, small ones that fit the op\n" +
    "are used.\n" +
    "Example: overfold kernel conv2d --shape 8x16x32x32 --shape 16x16x3x3 --attribute padding=[1,1]\n" +
    wrapText(`Ops: ${opNames().join(", ")}`, 100).join("\n"),
  async run(args, context) {
    const [name] = args.positionals;
    const tested = kernelCase(name, args.texts("shape"), args.texts("attribute"));
    const runs = args.integer("runs") ?? 20;
    const { backend, variants } = await openKernelBackend(args, tested.program, context);
    const { outputs, timings } = await measure(backend, tested, runs);
    const rate = ratesOf(tested.program, timings);
    context.print(
      `${name} on ${backend.description}: ${rate.milliseconds.toFixed(3)} ms, ` +
        `${rate.gigaflops.toFixed(1)} GFLOP/s, ${rate.gigabytes.toFixed(1)} GB/s`,
    );
    context.print(`${callsTable(timings)}\n`);
    if (variants.length > 0) {
      context.print(formatTable(variants.map((name, i) => [`variant ${i + 1}`, name])) + "\n");
    }
    // The reference is not optimized.
    const yardsticks = backend.name === "reference"
      ? undefined
      : await measureYardsticks(backend, Math.min(runs, 5));
    if (yardsticks) {
      context.print(
        `yardsticks: ${yardsticks.gigaflops.toFixed(1)} GFLOP/s for a matrix product, ` +
          `${yardsticks.gigabytes.toFixed(1)} GB/s for scaling`,
      );
    }
    const differences = args.flag("skip-check") ? [] : await compare(tested, outputs);
    if (differences.length > 0) {
      context.print(formatTable([
        ["result", "difference", "relative"],
        ...differences.map(({ output, absolute, relative }) => [
          output,
          absolute.toExponential(1),
          relative.toExponential(1),
        ]),
      ], ["left", "right", "right"]));
    }
    context.emit({
      op: name,
      backend: backend.name,
      ...rate,
      variants,
      yardsticks,
      timings,
      differences,
    });
    const isRight = differences.every(({ relative }) => relative <= TOLERANCE);
    if (!isRight) context.progress.print(`the result differs by more than ${TOLERANCE}`);
    return isRight ? EXIT.success : EXIT.failure;
  },
};

/** Time, floating-point operations and bytes of a program with one op. */
interface Rates {
  /** Of all kernels except changes of memory layout, which are rare in a network. */
  readonly milliseconds: number;
  readonly gigaflops: number;
  readonly gigabytes: number;
}

function ratesOf({ nodes, outputs }: Program, timings: readonly KernelTiming[]): Rates {
  const milliseconds = timings.filter(({ kernel }) => kernel !== LAYOUT_CONVERSION)
    .reduce((sum, timing) => sum + timing.milliseconds, 0);
  const node = Object.values(outputs)[0].node;
  const bytes = nodes.flatMap(({ outputs }) => outputs)
    .reduce((sum, { shape, dtype }) => sum + sizeOf(shape) * (dtype === "u8" ? 1 : 4), 0);
  return {
    milliseconds,
    // Views have no kernels and take no time.
    gigaflops: milliseconds === 0 ? 0 : 2 * multiplyAccumulates(node) / milliseconds / 1e6,
    gigabytes: milliseconds === 0 ? 0 : bytes / milliseconds / 1e6,
  };
}

interface Measured {
  readonly outputs: Readonly<Record<string, Float32Array>>;
  readonly timings: readonly KernelTiming[];
}

/** The outputs of a program, and the median time of each of its kernels. */
async function measure(
  backend: Backend,
  { program, inputs }: Pick<KernelCase, "program" | "inputs">,
  runs: number,
): Promise<Measured> {
  const executable = await backend.compile([program]);
  try {
    const outputs = await executable.run(program.name, inputs);
    const rounds: KernelTiming[][] = [];
    for (let run = -WARM_UP_RUNS; run < runs; run++) {
      const timings = await time(executable, program, inputs);
      if (run >= 0) rounds.push(timings);
    }
    const timings = rounds[0].map((timing, i) => ({
      ...timing,
      milliseconds: median(rounds.map((round) => round[i].milliseconds)),
    }));
    return { outputs, timings };
  } finally {
    executable.dispose();
  }
}

/** The kernels of one run; if the backend has no timer for them, the whole run by the clock. */
async function time(
  executable: Executable,
  { name }: Program,
  inputs: KernelCase["inputs"],
): Promise<KernelTiming[]> {
  try {
    return await executable.profile(name, 1);
  } catch (error) {
    if (!(error instanceof RunError) || error instanceof DeviceError) throw error;
    const start = performance.now();
    await executable.run(name, inputs);
    const milliseconds = performance.now() - start;
    return [{ kernel: name, label: "with transfers", milliseconds, flops: 0 }];
  }
}

async function measureYardsticks(
  backend: Backend,
  runs: number,
): Promise<Pick<Rates, "gigaflops" | "gigabytes">> {
  const measured = async (tested: KernelCase) =>
    ratesOf(tested.program, (await measure(backend, tested, runs)).timings);
  const { gigaflops } = await measured(kernelCase("matmul", ["512x512", "512x512"], []));
  const { gigabytes } = await measured(kernelCase("scale", ["4194304"], ["factor=2"]));
  return { gigaflops, gigabytes };
}

/** The error of each output compared to the reference's. */
async function compare({ program, inputs }: KernelCase, outputs: Measured["outputs"]) {
  const executable = await referenceBackend().compile([program]);
  const expected = await executable.run(program.name, inputs);
  return Object.keys(expected).map((output) => ({
    output,
    ...largestDifference(outputs[output], expected[output]),
  }));
}
