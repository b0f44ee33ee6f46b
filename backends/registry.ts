/** Backends by the names that configs use, and everything that code above may know of them. */
import { InputError, UserError } from "../errors.ts";
import type { Backend, BackendRecord } from "./backend.ts";
import type { FormName } from "./wasm/forms.ts";
import { cpuBackend, repeatCpuBackend, type ThreadCount, type ThreadOptions } from "./wasm/mod.ts";
import { quietDriver } from "./webgpu/quiet_driver.ts";
import type { TuningStore } from "./webgpu/tuning.ts";

export { referenceBackend } from "./reference/reference.ts";
export { type CpuFeatures, cpuFeatures } from "./wasm/features.ts";
export { describeForm, FORM_NAMES, selectForm } from "./wasm/forms.ts";
export type { FormName, ThreadCount, ThreadOptions, TuningStore };

/** Which backend to open; the keys of the same names in a config. */
export interface BackendOptions {
  /**
   * `auto` takes WebGPU if its adapter is hardware, else the CPU; `webgpu` takes a software adapter
   * too. Default `auto`.
   */
  readonly backend?: BackendName;
  /** Threads of the CPU backend. Default `auto`: one per core. */
  readonly threads?: ThreadCount | ThreadOptions;
  /**
   * `fast` lets the CPU compute 3×3 convolutions by Winograd's algorithm, with errors of about 1e-5
   * of the largest magnitude instead of 1e-6; `high` does not. WebGPU sums directly in either case.
   * `mixed`, on WebGPU only, stores feature maps in 16 bits per number. Default `fast`.
   */
  readonly precision?: PrecisionName;
  /**
   * The form in which the CPU's kernels run: `wasm`, or native code (`avx2`, `avx512`), for which
   * Deno needs `--allow-ffi`. Results are bit-identical in all forms. Default: the fastest here.
   */
  readonly form?: FormName;
  /**
   * Where the fastest variants of WebGPU's kernels that tuning found on this adapter are stored,
   * such as `fileTuningStore()`. Default: none; kernels are chosen by shape alone.
   */
  readonly tuning?: TuningStore;
  /**
   * A backend whose bits to repeat, as named in a checkpoint. `backend`, `threads` and `precision`
   * are then ignored. Default: the backend that fits this machine best.
   */
  readonly repeat?: BackendRecord;
  /** Called with notices for the user that stop nothing. Default: dropped. */
  readonly onNotice?: (line: string) => void;
}

/** Names that {@link openBackend} knows. */
export const BACKEND_NAMES = ["auto", "cpu", "webgpu"] as const;

/** One of {@link BACKEND_NAMES}. */
export type BackendName = typeof BACKEND_NAMES[number];

/** Names of the precisions that {@link openBackend} knows. */
export const PRECISION_NAMES = ["fast", "high", "mixed"] as const;

/** One of {@link PRECISION_NAMES}. */
export type PrecisionName = typeof PRECISION_NAMES[number];

/**
 * Opens a backend. Rejects with InputError or RunError if it is unavailable or cannot repeat the
 * bits of `repeat`.
 *
 * ```ts
 * import { input, openBackend, output, relu, trace } from "./mod.ts";
 *
 * const program = trace({ name: "rectify" }, () => output("y", relu(input("x", [3]))));
 * const backend = await openBackend({ backend: "cpu" });
 * const executable = await backend.compile([program]);
 * const { y } = await executable.run("rectify", { x: Float32Array.of(-1, 0.5, 2) });
 * console.log([...y]); // [0, 0.5, 2]
 * executable.dispose();
 * ```
 */
export async function openBackend(options: BackendOptions = {}): Promise<Backend> {
  const { backend = "auto", threads = "auto", precision = "fast", form, onNotice = () => {} } =
    options;
  if (options.repeat) return await repeatBackend(options.repeat, options);
  if (backend === "webgpu") return await openWebgpu(options);
  if (backend === "auto" && await hasHardwareAdapter()) {
    try {
      return await openWebgpu(options);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      onNotice(`${error.message}; the CPU is used instead`);
    }
  }
  if (precision === "mixed") {
    throw new InputError(
      "`precision: mixed` is for WebGPU, but the CPU computes here; use `precision: fast`, or " +
        "`backend: webgpu`",
    );
  }
  return cpuBackend({ threads, precision, form });
}

async function repeatBackend(
  { name, numerics }: BackendRecord,
  options: BackendOptions,
): Promise<Backend> {
  if (name === "webgpu") return await openWebgpu(options);
  if (name === "cpu") return repeatCpuBackend(numerics, options);
  throw new InputError(
    `the backend ${JSON.stringify(name)} cannot be repeated; known: cpu, webgpu`,
  );
}

async function hasHardwareAdapter(): Promise<boolean> {
  quietDriver();
  const adapter = await globalThis.navigator?.gpu?.requestAdapter({
    powerPreference: "high-performance",
  });
  return adapter ? !adapter.info.isFallbackAdapter : false;
}

/** Imports the backend only when needed: most commands on most machines do without it. */
async function openWebgpu(
  { onNotice, tuning, precision, repeat }: BackendOptions,
): Promise<Backend> {
  quietDriver();
  const { webgpuBackend } = await import("./webgpu/mod.ts");
  return await webgpuBackend({
    warn: onNotice,
    tuning,
    precision: precision === "mixed" ? "mixed" : "full",
    repeat: repeat?.numerics,
  });
}
