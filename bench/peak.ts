/**
 * What one core of this machine can do at most: multiply-adds on registers alone, in the form the
 * kernels are emitted in. Speeds of kernels are quoted as shares of it.
 */
import { i32, ModuleBuilder, type Target, WideVectors } from "../backends/wasm/assembler/mod.ts";

/** Independent sums, enough to hide the latency of a multiply-add and few enough for registers. */
const SUMS = 12;
const ROUNDS = 100_000;

/** Measures GFLOP/s of one core: the best of some runs, which is what the machine can do. */
export function peakGigaflops(target: Target, runs = 50): number {
  const module = new ModuleBuilder({ maximumPages: 1, shared: false });
  const f = module.function("run", { place: "i32" });
  const wide = new WideVectors(f, target);
  const sums = wide.locals(SUMS), factor = wide.local(), round = f.i32();
  const { place } = f.parameters;
  wide.set(factor, wide.load(place));
  sums.forEach((sum, i) => wide.set(sum, wide.load(place, i * wide.bytes)));
  f.loopAtLeastOnce(round, 0, ROUNDS, 1, () => {
    for (const sum of sums) wide.set(sum, wide.madd(factor, sum, factor));
  });
  f.set(place, i32.add(place, 4096));
  sums.forEach((sum, i) => wide.store(place, sum, i * wide.bytes));
  module.export(f);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.build()), {
    env: { memory },
  });
  const run = exports.run as (place: number) => void;
  let best = Infinity;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    run(0);
    best = Math.min(best, performance.now() - start);
  }
  return 2 * SUMS * wide.lanes * ROUNDS / best / 1e6;
}
