import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { trace } from "../../graph/trace.ts";
import { adaptiveAvgPool2d, adaptiveAvgPool2dOp } from "../../ops/adaptive_avg_pool2d.ts";
import { avgPool2d, avgPool2dOp } from "../../ops/avg_pool2d.ts";
import { fill } from "../../ops/fill.ts";
import { globalAvgPool2dOp } from "../../ops/global_avg_pool2d.ts";
import { gradients } from "../../ops/gradients.ts";
import { maxPool2d } from "../../ops/max_pool2d.ts";
import { poolingGeometry, poolingWindow } from "../../ops/pooling_geometry.ts";
import { sum } from "../../ops/sum.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { compute } from "../support/run.ts";

function geometry(size: number, kernel: number, options: Record<string, number | boolean> = {}) {
  const { stride = kernel, padding = 0, dilation = 1, ceilMode = false } = options;
  return poolingGeometry("pool", [1, 1, size, size], {
    kernelSize: [kernel, kernel],
    stride: [Number(stride), Number(stride)],
    padding: [Number(padding), Number(padding)],
    dilation: [Number(dilation), Number(dilation)],
    ceilMode: Boolean(ceilMode),
  });
}

Deno.test("ceil mode keeps a partial last window, but none that starts beyond the image", () => {
  assertEquals(geometry(6, 3, { stride: 2 }).outSize, [2, 2]);
  assertEquals(geometry(6, 3, { stride: 2, ceilMode: true }).outSize, [3, 3]);
  // The third window would start at 4 of a padded length 4 + 1.
  assertEquals(geometry(3, 2, { padding: 1, ceilMode: true }).outSize, [2, 2]);
  assertEquals(geometry(2, 3, { stride: 2, ceilMode: true }).outSize, [1, 1]);
});

Deno.test("a window is clipped to the image and has the length it covers of the padded image", () => {
  const pooled = geometry(6, 3, { stride: 2, padding: 1, ceilMode: true });
  assertEquals(poolingWindow(pooled, 0, 0), { start: 0, end: 2, paddedLength: 3 });
  assertEquals(poolingWindow(pooled, 0, 3), { start: 5, end: 6, paddedLength: 2 });
  const dilated = geometry(6, 3, { stride: 1, padding: 1, dilation: 2 });
  assertEquals(poolingWindow(dilated, 0, 0).start, 1);
});

Deno.test("invalid pooling options are refused", () => {
  trace({ name: "refused" }, () => {
    const x = fill([1, 1, 4, 4], 1);
    assertThrows(() => maxPool2d(x, { kernelSize: 5 }), InputError, "larger than the padded");
    assertThrows(() => maxPool2d(x, { kernelSize: 2, padding: 2 }), InputError, "more than half");
    assertThrows(() => avgPool2d(x, { kernelSize: 2, stride: 0 }), InputError, "stride is 0x0");
    assertThrows(() => avgPool2d(fill([4, 4], 1), { kernelSize: 2 }), InputError, "[4, 4]");
    assertThrows(
      () => maxPool2d(fill([1, 1, 1, 1], 1), { kernelSize: 2, padding: 1, dilation: 2 }),
      InputError,
      "holds no pixel",
    );
  });
});

Deno.test("adaptive pooling is plain pooling if the size divides the image, and nothing for its own size", () => {
  trace({ name: "adaptive" }, () => {
    const x = fill([1, 2, 6, 4], 1);
    assertEquals(adaptiveAvgPool2d(x, [6, 4]), x);
    assertEquals(adaptiveAvgPool2d(x, [3, 2]).node.op, avgPool2dOp);
    assertEquals(adaptiveAvgPool2d(x, 1).node.op, globalAvgPool2dOp);
    assertEquals(adaptiveAvgPool2d(x, [4, 4]).node.op, adaptiveAvgPool2dOp);
    assertThrows(() => adaptiveAvgPool2d(x, 0), InputError, "outputSize is 0x0");
    assertThrows(() => adaptiveAvgPool2d(fill([6, 4], 1), 1), InputError, "[6, 4]");
  });
});

testOnEveryBackend("the first of equal maxima wins, and NaN is the maximum", async (backend) => {
  const data = Float32Array.of(1, 1, 2, NaN, 1, 1, 5, 3);
  const outputs = await compute(backend, { x: { shape: [1, 1, 2, 4], data } }, ({ x }) => {
    const { output, indices } = maxPool2d(x, { kernelSize: 2 });
    return { output, indices, dx: gradients(sum(output), [x])[0] };
  });
  assertEquals([...outputs.output], [1, NaN]);
  assertEquals([...outputs.indices], [0, 3]);
  assertEquals([...outputs.dx], [1, 0, 0, 1, 0, 0, 0, 0]);
});

testOnEveryBackend("overlapping windows add their gradients", async (backend) => {
  const data = Float32Array.of(0, 0, 0, 0, 9, 0, 0, 0, 0);
  const { dx } = await compute(backend, { x: { shape: [1, 1, 3, 3], data } }, ({ x }) => ({
    dx: gradients(sum(maxPool2d(x, { kernelSize: 2, stride: 1 }).output), [x])[0],
  }));
  assertEquals([...dx], [0, 0, 0, 0, 4, 0, 0, 0, 0]);
});
