/**
 * What this engine and processor support. WebAssembly instructions are probed by validating a tiny
 * module that uses them, the rounding of multiply-adds by running one.
 */

import { atomic, f32x4, type FunctionBuilder, ModuleBuilder } from "../../assembler/mod.ts";
import { detectNativeSupport, type NativeSupport } from "./native/support.ts";

/** What the engine and the processor offer. */
export interface CpuFeatures {
  /** 128-bit vector instructions. Without them the CPU backend cannot run. */
  readonly simd: boolean;
  /** Relaxed SIMD on a processor that fuses multiply-adds, so that they are rounded once. */
  readonly relaxedSimd: boolean;
  /** Shared memory, atomics and workers. */
  readonly threads: boolean;
  /** Native code instead of WebAssembly. */
  readonly native: NativeSupport;
}

let detected: CpuFeatures | undefined;

/** The features of this process. Probed once, then cached. */
export function cpuFeatures(): CpuFeatures {
  return detected ??= detectFeatures();
}

function detectFeatures(): CpuFeatures {
  const simd = validates((f) => f.drop(f32x4.constant(0)));
  const relaxedSimd = validates((f) => {
    const x = f32x4.constant(0);
    f.drop(f32x4.relaxedMadd(x, x, x));
  }) && fusesMultiplyAdd();
  const threads = typeof SharedArrayBuffer === "function" && typeof Worker === "function" &&
    validates((f) => f.drop(atomic.load(0)));
  return { simd, relaxedSimd, threads, native: detectNativeSupport() };
}

function validates(body: (f: FunctionBuilder<Record<never, never>, "void">) => void): boolean {
  const module = new ModuleBuilder();
  body(module.function("probe", {}));
  return WebAssembly.validate(module.build());
}

/** Whether a relaxed multiply-add keeps the bits of its product that rounding would lose. */
function fusesMultiplyAdd(): boolean {
  const module = new ModuleBuilder({ maximumPages: 1, shared: false });
  const f = module.function("madd", { factor: "f32", term: "f32" }, "f32");
  const factor = f32x4.splat(f.parameters.factor);
  f.return(f32x4.extractLane(f32x4.relaxedMadd(factor, factor, f32x4.splat(f.parameters.term)), 0));
  module.export(f);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.build()), {
    env: { memory },
  });
  const madd = exports.madd as (factor: number, term: number) => number;
  return madd(1 + 2 ** -12, -(1 + 2 ** -11)) !== 0;
}
