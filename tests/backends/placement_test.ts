import { assertEquals } from "@std/assert";
import { placeValues } from "../../backends/placement.ts";
import { input, output, readVariable, updateVariable } from "../../graph/trace.ts";
import type { Program, Value } from "../../graph/types.ts";
import { add } from "../../ops/add.ts";
import { movingAverage } from "../../ops/moving_average.ts";
import { pack } from "../../ops/pack.ts";
import { relu } from "../../ops/relu.ts";
import { scale } from "../../ops/scale.ts";
import { slice } from "../../ops/slice.ts";
import { sumSquares } from "../../ops/sum_squares.ts";
import { checkAgainstReference, program } from "./wasm/programs.ts";

/** How many updates of a program are computed elsewhere and then copied. */
function copiedUpdates(program: Program): number {
  const orders = new Map<Value, "plain">();
  program.nodes.forEach(({ outputs }) => outputs.forEach((value) => orders.set(value, "plain")));
  return placeValues({ program, orders }).copiedUpdates.length;
}

Deno.test("an elementwise update is computed in place", async () => {
  const inPlace = program({ v: 100 }, () => {
    const old = readVariable("v", 10, [37]);
    updateVariable("v", 10, movingAverage(old, input("x", [37]), 0.9));
  });
  assertEquals(copiedUpdates(inPlace), 0);
  await checkAgainstReference(inPlace, { x: new Float32Array(37).fill(2) });
});

Deno.test("an update waits for later readers of the old elements", async () => {
  const readLater = program({ v: 50 }, () => {
    const old = readVariable("v", 0, [50]);
    const next = scale(old, 2);
    updateVariable("v", 0, next);
    output("sum", sumSquares(add(old, input("x", [50]))));
    output("next", next);
  });
  assertEquals(copiedUpdates(readLater), 1);
  await checkAgainstReference(readLater, { x: new Float32Array(50).fill(0.25) });
});

Deno.test("an update that reads a shifted range is not computed in place", async () => {
  const shifted = program({ v: 60 }, () => {
    updateVariable("v", 0, scale(readVariable("v", 1, [50]), 1.5));
  });
  assertEquals(copiedUpdates(shifted), 1);
  await checkAgainstReference(shifted);
});

Deno.test("variables can be swapped, and outputs hold the old values", async () => {
  await checkAgainstReference(program({ a: 33, b: 33 }, () => {
    const a = readVariable("a", 0, [33]), b = readVariable("b", 0, [33]);
    updateVariable("a", 0, b);
    updateVariable("b", 0, a);
    output("a", a);
    output("partOfB", slice(b, 5, 7));
  }));
});

Deno.test("packed values of any size lie side by side, and gaps are zero", async () => {
  await checkAgainstReference(
    program({ v: 40 }, () => {
      const x = input("x", [3, 5]);
      const double = scale(x, 2);
      const part = relu(readVariable("v", 3, [7]));
      const norm = sumSquares(double);
      const packed = pack([double, part, norm, part, x], [1, 16, 23, 25, 40], 60);
      output("packed", packed);
      output("again", add(packed, packed));
      output("double", double);
    }),
    { x: Float32Array.from({ length: 15 }, (_, i) => i - 7) },
  );
});
