/**
 * The CPU backend: kernels emitted as WebAssembly for a program's shapes, run by one thread per
 * core in one memory.
 */
import { InputError, RunError } from "../../errors.ts";
import type { Backend, Numerics } from "../backend.ts";
import { assignAddresses } from "./addresses.ts";
import type { Target } from "../../assembler/mod.ts";
import { compilePrograms } from "./executable.ts";
import { type CpuFeatures, cpuFeatures } from "./features.ts";
import { describeForm, type FormName, selectForm } from "./forms.ts";
import type { Precision } from "./kernel.ts";
import { lowerPrograms } from "./lower.ts";
import { warnRenamed } from "../../schema/former_names.ts";
import { Planned } from "../planned.ts";

/**
 * Threads that compute, the calling one included; `auto`: one per core, or one where the engine has
 * no shared memory.
 */
export type ThreadCount = number | "auto";

/** Threads, and how work is partitioned among them. */
export interface ThreadOptions {
  /** Number of threads. Default `auto`. */
  readonly count?: ThreadCount;
  /**
   * How images are partitioned: `static` gives each thread the same ones every time, so that every
   * run gives the same bits; with `dynamic` a thread takes more when it has finished, which is up
   * to 10 % faster where other programs interrupt, but results differ in the last digits. Default
   * `static`.
   */
  readonly partition?: "static" | "dynamic";
  /** @deprecated The former name of `partition`. */
  readonly schedule?: "static" | "dynamic";
}

/** Maximum threads: each needs memory of its own, and kernel code grows with their number. */
const MAX_THREADS = 256;

export interface CpuBackendOptions {
  /** Threads that compute. Default `auto`. */
  readonly threads?: ThreadCount | ThreadOptions;
  /**
   * `fast` computes 3×3 convolutions by Winograd's algorithm where that is faster, with errors of
   * about 1e-5 of the largest magnitude instead of 1e-6; `high` does not. Weight gradients are
   * sums over all pixels and up to 2e-5 off either way. Default `fast`.
   */
  readonly precision?: Precision;
  /** The form in which kernels run; no bit of results depends on it. Default: the fastest here. */
  readonly form?: FormName;
  /** Parts of the target that override what was detected, for tests and measurements. */
  readonly target?: Partial<Target>;
}

/**
 * The backend that computes on the CPU.
 *
 * Runs of one executable repeat bit by bit unless the partition is dynamic; another number of
 * threads, or multiply-adds that are not fused, round sums differently.
 *
 * @throws {InputError} if `threads` is not a whole number from 1 to 256.
 * @throws {RunError} if the engine lacks vector instructions, shared memory for several threads, or
 * the requested form.
 */
export function cpuBackend(
  { threads = "auto", precision = "fast", form: name, target }: CpuBackendOptions = {},
): Backend {
  const { count: wanted = "auto", schedule, partition = schedule ?? "static" }: ThreadOptions =
    typeof threads === "object" ? threads : { count: threads };
  if (schedule) warnRenamed("schedule of threads", "partition");
  const isCount = Number.isInteger(wanted) && Number(wanted) >= 1 && Number(wanted) <= MAX_THREADS;
  if (wanted !== "auto" && !isCount) {
    throw new InputError(
      `threads is ${wanted}; expected a whole number from 1 to ${MAX_THREADS}, or auto`,
    );
  }
  const features = cpuFeatures();
  const cores = features.threads ? Math.min(navigator.hardwareConcurrency, MAX_THREADS) : 1;
  const count = wanted === "auto" ? cores : wanted;
  const missing = !features.simd
    ? "128-bit vector instructions"
    : count > 1 && !features.threads
    ? "shared memory and workers"
    : undefined;
  if (missing) throw new RunError(`the CPU backend needs a WebAssembly engine with ${missing}`);
  const form = selectForm(name, target);
  const options = { target: form.target, threads: count, precision, partition };
  const planned = new Planned((programs) => lowerPrograms(programs, options));
  return {
    name: "cpu",
    description: `CPU, ${count} thread${count === 1 ? "" : "s"}, ${describeForm(form)}` +
      (precision === "high" ? ", high precision" : "") +
      (partition === "dynamic" ? ", dynamic partition" : ""),
    threads: count,
    numerics: { threads: count, partition, precision, fused: form.target.relaxedSimd },
    runsInFlight: 2,
    blocking: true,
    plan: (programs) => {
      const { totalBytes, variableBytes, temporaryBytes, fits } = assignAddresses(
        planned.plan(programs),
      );
      return { totalBytes, variableBytes, temporaryBytes, fits };
    },
    // deno-lint-ignore require-await -- errors must come as rejections
    compile: async (programs) =>
      compilePrograms(planned.take(programs), { ...options, form: form.name }),
  };
}

/**
 * The CPU backend whose runs have the bits of one with these numerics, in any form.
 *
 * @throws {InputError} if this version or processor cannot, or `numerics` is not a CPU backend's.
 */
export function repeatCpuBackend(
  numerics: Numerics,
  { form }: Pick<CpuBackendOptions, "form"> = {},
  features: CpuFeatures = cpuFeatures(),
): Backend {
  const { threads, partition, precision, fused } = numerics;
  if ("wide" in numerics) {
    throw new InputError(
      "it was an earlier version, in which the order of summation depended on the form of code",
    );
  }
  if (
    typeof threads !== "number" || partition !== "static" && partition !== "dynamic" ||
    precision !== "fast" && precision !== "high" || typeof fused !== "boolean"
  ) {
    throw new InputError("its stored numerics are not those of a CPU backend");
  }
  if (fused && !features.relaxedSimd) {
    throw new InputError(
      "its multiply-adds were rounded once, and this processor or engine rounds them twice",
    );
  }
  const target = { relaxedSimd: fused };
  return cpuBackend({ threads: { count: threads, partition }, precision, form, target });
}
