import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { trace } from "../../graph/trace.ts";
import { fill } from "../../ops/fill.ts";
import { pack } from "../../ops/pack.ts";
import { flatten, reshape } from "../../ops/reshape.ts";
import { slice } from "../../ops/slice.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { compute } from "../support/run.ts";

testOnEveryBackend("views keep the row-major order of an image's elements", async (backend) => {
  const data = Float32Array.from({ length: 2 * 3 * 2 * 2 }, (_, i) => i);
  const outputs = await compute(backend, { x: { shape: [2, 3, 2, 2], data } }, ({ x }) => ({
    flat: flatten(x),
    back: reshape(flatten(x), [2, 3, 2, 2]),
    slice: slice(reshape(x, [-1]), 5, 4),
    packed: pack([slice(reshape(x, [-1]), 5, 2), x], [1, 4], 30),
  }));
  assertEquals(outputs.flat, data);
  assertEquals(outputs.back, data);
  assertEquals([...outputs.slice], [5, 6, 7, 8]);
  assertEquals([...outputs.packed], [0, 5, 6, 0, ...data, 0, 0]);
});

Deno.test("shapes, ranges and offsets that do not fit are refused", () => {
  trace({ name: "refused" }, () => {
    const x = fill([2, 3], 1);
    const row = fill([6], 1);
    assertEquals(reshape(x, [3, -1]).shape, [3, 2]);
    assertEquals(flatten(fill([2, 3, 4], 1), 1).shape, [2, 12]);
    assertThrows(() => reshape(x, [4, -1]), InputError, "[2, 3]");
    assertThrows(() => reshape(x, [-1, -1]), InputError, "at most one");
    assertThrows(() => reshape(x, [5]), InputError, "does not fit");
    assertThrows(() => slice(row, 4, 3), InputError, "elements 4 to 7");
    assertThrows(() => slice(x, 0, 1), InputError, "one axis");
    assertThrows(() => pack([row, row], [0, 5], 20), InputError, "begins at 5");
    assertThrows(() => pack([row], [5], 10), InputError, "end at 11");
    assertThrows(() => pack([row], [], 10), InputError, "0 offsets");
  });
});
