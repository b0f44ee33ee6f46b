import { assert, assertEquals } from "@std/assert";
import { ModuleBuilder } from "../../../assembler/mod.ts";
import { convolutionGeometry } from "../../../ops/convolution_geometry.ts";
import { forwardAxis, planBands } from "../../../backends/wasm/kernels/conv2d_plan.ts";
import { isBalanced, shareOf } from "../../../backends/wasm/shares.ts";

/** Shares of all threads, as the code for any thread computes them. */
function emittedShares(threads: number, count: number, grain: number): number[][] {
  const module = new ModuleBuilder();
  const names = ["first", "end"] as const;
  for (const name of names) {
    const f = module.function(name, { thread: "i32" }, "i32");
    f.return(shareOf(f.parameters.thread, threads, count, grain)[name]);
    module.export(f);
  }
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.build()), {
    env: { memory },
  });
  const [first, end] = names.map((name) => exports[name] as (thread: number) => number);
  return Array.from({ length: threads }, (_, thread) => [first(thread), end(thread)]);
}

Deno.test("shares are consecutive, about equal and complete", () => {
  for (const threads of [1, 2, 3, 7]) {
    for (const count of [0, 1, 2, 5, 64, 100]) {
      for (const grain of [1, 4, 64]) {
        const shares = Array.from({ length: threads }, (_, thread) => {
          const { first, end } = shareOf(thread, threads, count, grain);
          return [Number(first), Number(end)];
        });
        assertEquals(emittedShares(threads, count, grain), shares);
        assertEquals(shares[0][0], 0);
        assertEquals(shares.at(-1)![1], count);
        for (const [i, [first, end]] of shares.entries()) {
          if (i > 0) assertEquals(first, shares[i - 1][1]);
          assert(first % grain === 0 || first === count);
          assert(end - first <= grain * Math.ceil(Math.ceil(count / grain) / threads));
        }
      }
    }
  }
});

Deno.test("rows are split into bands that can be partitioned evenly among threads", () => {
  const bandsOf = (images: number, rows: number, threads: number) => {
    const size = [rows, rows] as const;
    const geometry = convolutionGeometry([images, 8, ...size], [8, 8, 3, 3], {
      stride: [1, 1],
      padding: [1, 1],
      dilation: [1, 1],
      groups: 1,
      paddingMode: "zeros",
    });
    return planBands(forwardAxis(geometry, 0), images, threads, () => true).count;
  };
  assertEquals([bandsOf(1, 16, 16), bandsOf(1, 14, 14), bandsOf(1, 28, 14)], [16, 14, 14]);
  for (const [images, threads] of [[3, 2], [5, 4], [8, 6], [17, 16], [128, 2]]) {
    const count = bandsOf(images, 32, threads);
    assert(isBalanced(images * count, threads), `${images} images, ${threads} threads: ${count}`);
  }
  assertEquals(bandsOf(128, 32, 2), 1);
});
