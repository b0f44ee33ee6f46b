/**
 * What this engine's WebAssembly can do: of one engine on one processor always the same answer, for
 * the form of the kernels decides the last bits of a training.
 *
 * Instructions are probed by validating a tiny module that uses them, the rounding of one by its
 * result. Whether V8 pairs 128-bit vectors into 256-bit ones cannot be asked: its flags are not
 * visible to a program, and a measurement depends on what else the machine does. So whoever passes
 * the flags passes one more, which is visible: {@link PAIRING_SIGN}.
 */

import {
  atomic,
  f32x4,
  type FunctionBuilder,
  ModuleBuilder,
  type Target,
} from "./assembler/mod.ts";
import { detectNativeSupport, type NativeSupport } from "./native/support.ts";

/** What the engine offers. */
export interface CpuFeatures {
  /** 128-bit vector instructions. Without them the CPU backend cannot run. */
  readonly simd: boolean;
  /** Relaxed SIMD on a processor that fuses multiply-adds, which is to round them once. */
  readonly relaxedSimd: boolean;
  /** Shared memory, atomics and workers. */
  readonly threads: boolean;
  /** Whether pairs of vectors run as one 256-bit vector, which makes the paired form faster. */
  readonly pairedSimd: boolean;
  /** Native code in place of WebAssembly. */
  readonly native: NativeSupport;
}

/** Global that V8's flag `--expose-gc-as` makes: the sign of the flags that pair vectors (docs/cpu.md). */
const PAIRING_SIGN = "overfoldPairedSimd";

let detected: CpuFeatures | undefined;

/** The features of this process's engine. Probed once, then remembered. */
export function cpuFeatures(): CpuFeatures {
  return detected ??= detectFeatures();
}

/**
 * The form in which to emit kernels.
 *
 * @param override Parts of the answer to be taken as given, for tests and measurements. With both
 * given nothing is probed.
 * @returns By default the form that {@link cpuFeatures} finds best.
 */
export function selectTarget(override: Partial<Target> = {}): Target {
  return {
    wide: override.wide ?? (cpuFeatures().pairedSimd ? 2 : 1),
    relaxedSimd: override.relaxedSimd ?? cpuFeatures().relaxedSimd,
  };
}

function detectFeatures(): CpuFeatures {
  const simd = validates((f) => f.drop(f32x4.constant(0)));
  const relaxedSimd = validates((f) => {
    const x = f32x4.constant(0);
    f.drop(f32x4.relaxedMadd(x, x, x));
  }) && fusesMultiplyAdd();
  const threads = typeof SharedArrayBuffer === "function" && typeof Worker === "function" &&
    validates((f) => f.drop(atomic.load(0)));
  // V8 pairs on 64-bit x86 only, with AVX2; the processors that have it fuse multiply-adds too.
  const pairedSimd = relaxedSimd && PAIRING_SIGN in globalThis && Deno.build.arch === "x86_64";
  return { simd, relaxedSimd, threads, pairedSimd, native: detectNativeSupport() };
}

function validates(body: (f: FunctionBuilder<Record<never, never>, "void">) => void): boolean {
  const module = new ModuleBuilder();
  body(module.function("probe", {}));
  return WebAssembly.validate(module.build());
}

/** Whether a relaxed multiply-add keeps the bits of its product that a rounded one loses. */
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
