import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { trace } from "../../graph/trace.ts";
import {
  composeKernel,
  composeKernelGeometry,
  pairedChannel,
  type Pairing,
  tiledIdentity,
} from "../../ops/compose_kernel.ts";
import { fill } from "../../ops/fill.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { compute } from "../support/run.ts";

function pairing(kind: Pairing, outChannels: number, groupIn: number, groups: number) {
  const geometry = composeKernelGeometry([outChannels, groupIn, 1], {
    groups,
    kernelSize: [1, 1],
    pairing: kind,
  });
  return Array.from({ length: outChannels * groupIn }, (_, row) => pairedChannel(geometry, row));
}

Deno.test("the paper pairs a kernel row with the input channel it convolves", () => {
  assertEquals(pairing("paper", 4, 2, 2), [0, 1, 0, 1, 2, 3, 2, 3]);
  assertEquals(pairing("paper", 4, 1, 2), [0, 0, 1, 1]);
});

Deno.test("the authors' layer pairs a kernel row with the row modulo the input channels", () => {
  assertEquals(pairing("authors", 4, 2, 2), [0, 1, 2, 3, 0, 1, 2, 3]);
  assertEquals(pairing("authors", 4, 1, 2), [0, 1, 0, 1]);
});

Deno.test("the pairings agree without groups and with one output per group", () => {
  for (const [outChannels, groupIn, groups] of [[3, 4, 1], [4, 1, 4], [3, 2, 3]]) {
    assertEquals(
      pairing("paper", outChannels, groupIn, groups),
      pairing("authors", outChannels, groupIn, groups),
    );
  }
});

Deno.test("the identity is repeated as often as it fits and padded with zeros", () => {
  const attributes = { groups: 1, kernelSize: [1, 2], pairing: "paper" } as const;
  const geometry = composeKernelGeometry([1, 1, 5], attributes);
  const rows = [0, 1].map((m) => [0, 1, 2, 3, 4].map((s) => tiledIdentity(geometry, m, s)));
  assertEquals(rows, [[1, 0, 1, 0, 0], [0, 1, 0, 1, 0]]);
});

testOnEveryBackend("if D is zero, the composed kernel is W itself", async (backend) => {
  const data = Float32Array.from({ length: 6 * 2 * 9 }, (_, i) => i - 7);
  const { kernel } = await compute(backend, { w: { shape: [6, 2, 9], data } }, ({ w }) => ({
    kernel: composeKernel(w, fill([4, 9, 9], 0), { kernelSize: 3, groups: 2 }),
  }));
  assertEquals(kernel, data);
});

Deno.test("a depth multiplier below the kernel's area and shapes that do not fit are refused", () => {
  trace({ name: "refused" }, () => {
    const d = fill([4, 9, 9], 0);
    const compose = (w: number[], groups = 1) =>
      composeKernel(fill(w, 1), d, { kernelSize: 3, groups });
    assertThrows(() => compose([6, 4, 8]), InputError, "3x3 needs at least 9");
    assertThrows(() => compose([6, 3, 9]), InputError, "D has shape [4, 9, 9]; expected [3, 9, 9]");
    assertThrows(() => compose([5, 2, 9], 2), InputError, "do not divide into 2 groups");
  });
});
