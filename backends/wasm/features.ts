/**
 * What this engine's WebAssembly can do, found out by trying.
 *
 * Instructions are probed by validating a tiny module that uses them. Whether V8 pairs 128-bit
 * vectors into 256-bit ones cannot be asked: the flags that make it do so are not visible to a
 * program, and without them the paired form is slower than the plain one. So a small matrix kernel
 * is timed in both forms. They live in one function, which the engine optimises as a whole, so at
 * any moment they are compared at the same level of optimisation.
 */

import {
  atomic,
  f32x4,
  type FunctionBuilder,
  ModuleBuilder,
  type Target,
  v128,
  WideVectors,
} from "./assembler/mod.ts";

/** What the engine offers. */
export interface CpuFeatures {
  /** 128-bit vector instructions. Without them the CPU backend cannot run. */
  readonly simd: boolean;
  /** Relaxed SIMD: fused multiply-add. */
  readonly relaxedSimd: boolean;
  /** Shared memory, atomics and workers. */
  readonly threads: boolean;
  /** Whether pairs of vectors run as one 256-bit vector, which makes the paired form faster. */
  readonly pairedSimd: boolean;
}

let detected: CpuFeatures | undefined;

/** The features of this process's engine. Probed once, in a few milliseconds, then remembered. */
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
  });
  const threads = typeof SharedArrayBuffer === "function" && typeof Worker === "function" &&
    validates((f) => f.drop(atomic.load(0)));
  // A browser takes no flags, and its clock may be too coarse for the measurement.
  const takesFlags = "process" in globalThis;
  return { simd, relaxedSimd, threads, pairedSimd: simd && takesFlags && pairingPays(relaxedSimd) };
}

function validates(body: (f: FunctionBuilder<Record<never, never>, "void">) => void): boolean {
  const module = new ModuleBuilder();
  body(module.function("probe", {}));
  return WebAssembly.validate(module.build());
}

/** Rows of the timed kernel's tile; each is two wide values long. */
const TILE_ROWS = 4;
/** Length of the timed kernel's inner product. */
const TILE_DEPTH = 256;
/** Tiles computed per measurement: about 10 microseconds once optimised. */
const TILE_REPEATS = 16;
/**
 * Rounds of optimised code whose shortest times decide: interruptions only lengthen them. So many
 * that the code is optimised before the last should unoptimised code have been taken for it.
 */
const DECIDING_ROUNDS = 200;
/** A round's time, relative to unoptimised code's, that shows that the code was optimised. */
const OPTIMISED = 0.6;
/** How long to wait for the optimising compiler, in milliseconds. It mostly takes 2 to 8. */
const PROBE_LIMIT = 1000;
/** Speed per lane, paired to plain, that shows pairing: about 1.8 if it works, at most 1 if not. */
const PAIRED_SPEEDUP = 1.3;

/** Whether the paired form of a register-blocked matrix kernel beats the plain form, per lane. */
function pairingPays(relaxedSimd: boolean): boolean {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const module = new WebAssembly.Module(pairingProbeModule(relaxedSimd));
  const { tiles } = new WebAssembly.Instance(module, { env: { memory } }).exports as {
    tiles(paired: 0 | 1): void;
  };
  const milliseconds = (paired: 0 | 1): number => {
    const start = performance.now();
    tiles(paired);
    return performance.now() - start;
  };
  // The first call compiles, in haste; the code is optimised after a dozen more at the earliest.
  milliseconds(0);
  const unoptimised = Math.min(...Array.from({ length: 8 }, () => milliseconds(0)));
  const deadline = performance.now() + PROBE_LIMIT;
  let plain = Infinity, paired = Infinity;
  for (let rounds = 0; rounds < DECIDING_ROUNDS && performance.now() < deadline;) {
    const [one, two] = [milliseconds(0), milliseconds(1)];
    plain = Math.min(plain, one);
    paired = Math.min(paired, two);
    if (one <= OPTIMISED * unoptimised) rounds++;
  }
  return 2 * plain / paired > PAIRED_SPEEDUP;
}

function pairingProbeModule(relaxedSimd: boolean): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder({ maximumPages: 1, shared: false });
  const f = module.function("tiles", { paired: "i32" });
  const repeat = f.i32();
  f.loopAtLeastOnce(repeat, 0, TILE_REPEATS, 1, () => {
    f.if(
      f.parameters.paired,
      () => matrixTile(f, { wide: 2, relaxedSimd }),
      () => matrixTile(f, { wide: 1, relaxedSimd }),
    );
  });
  module.export(f);
  return module.build();
}

/** C[4 × 2 wide] = A[4 × depth] · B[depth × 2 wide], accumulated in registers. */
function matrixTile(f: FunctionBuilder<{ paired: "i32" }, "void">, target: Target): void {
  const wide = new WideVectors(f, target);
  const a = f.i32(), b = f.i32(), c = f.i32();
  const factor = f.v128(), columns = wide.locals(2);
  const sums = Array.from({ length: TILE_ROWS }, () => wide.locals(2));
  const rowBytes = 4 * TILE_DEPTH, columnBytes = 2 * wide.bytes;
  f.set(b, TILE_ROWS * rowBytes);
  f.set(c, TILE_ROWS * rowBytes + TILE_DEPTH * columnBytes);
  for (const sum of sums.flat()) wide.set(sum, wide.zero());
  f.loopAtLeastOnce(a, 0, rowBytes, 4, () => {
    columns.forEach((column, j) => wide.set(column, wide.load(b, j * wide.bytes)));
    sums.forEach((row, i) => {
      f.set(factor, v128.load32Splat(a, i * rowBytes));
      row.forEach((sum, j) => wide.set(sum, wide.madd(factor, columns[j], sum)));
    });
    f.increment(b, columnBytes);
  });
  sums.forEach((row, i) =>
    row.forEach((sum, j) => wide.store(c, sum, i * columnBytes + j * wide.bytes))
  );
}
