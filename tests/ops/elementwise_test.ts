import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { input, trace } from "../../graph/trace.ts";
import { add } from "../../ops/add.ts";
import { broadcastOf } from "../../ops/elementwise.ts";
import { clipByValue } from "../../ops/clip_by_value.ts";
import { clipFactor } from "../../ops/clip_factor.ts";
import { fill } from "../../ops/fill.ts";
import { gradients } from "../../ops/gradients.ts";
import { maximumMagnitude } from "../../ops/maximum_magnitude.ts";
import { movingAverage } from "../../ops/moving_average.ts";
import { multiply } from "../../ops/multiply.ts";
import { multiplyScalar } from "../../ops/multiply_scalar.ts";
import { relu } from "../../ops/relu.ts";
import { subtract } from "../../ops/subtract.ts";
import { sum } from "../../ops/sum.ts";
import { sumMagnitudes } from "../../ops/sum_magnitudes.ts";
import { sumSquares } from "../../ops/sum_squares.ts";
import { tanh } from "../../ops/tanh.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { compute } from "../support/run.ts";

function vector(...values: number[]) {
  return { shape: [values.length], data: Float32Array.from(values) };
}

testOnEveryBackend("NaN propagates through elementwise ops and reductions", async (backend) => {
  const x = vector(NaN, -2, 3, NaN, 0);
  const outputs = await compute(backend, { x }, ({ x }) => ({
    relu: relu(x),
    clipByValue: clipByValue(x, { value: 1 }),
    tanh: tanh(x),
    maximumMagnitude: maximumMagnitude(x),
    clipFactor: clipFactor(sumSquares(x), { maxNorm: 1 }),
  }));
  assertEquals([...outputs.relu], [NaN, 0, 3, NaN, 0]);
  assertEquals([...outputs.clipByValue], [NaN, -1, 1, NaN, 0]);
  assertEquals(outputs.tanh[0], NaN);
  assertEquals([...outputs.maximumMagnitude], [NaN]);
  assertEquals([...outputs.clipFactor], [NaN]);
});

testOnEveryBackend("the gradient of relu is 0 at 0", async (backend) => {
  const { dx } = await compute(backend, { x: vector(-1, 0, 2) }, ({ x }) => ({
    dx: gradients(sum(relu(x)), [x])[0],
  }));
  assertEquals([...dx], [0, 0, 1]);
});

testOnEveryBackend("a moving average takes its decay as a number or a scalar", async (backend) => {
  const inputs = { a: vector(1, 2), b: vector(5, 10), decay: vector(0.75) };
  const outputs = await compute(
    backend,
    { ...inputs, decay: { shape: [], data: inputs.decay.data } },
    ({ a, b, decay }) => ({ fixed: movingAverage(a, b, 0.75), fed: movingAverage(a, b, decay) }),
  );
  assertEquals([...outputs.fixed], [2, 4]);
  assertEquals([...outputs.fed], [2, 4]);
});

testOnEveryBackend("reductions include every element of any shape", async (backend) => {
  const data = Float32Array.from({ length: 3 * 5 * 7 }, (_, i) => i % 2 === 0 ? i : -i);
  const outputs = await compute(backend, { x: { shape: [3, 5, 7], data } }, (values) => ({
    sum: sum(values.x),
    sumSquares: sumSquares(values.x),
    sumMagnitudes: sumMagnitudes(values.x),
    maximumMagnitude: maximumMagnitude(values.x),
  }));
  assertEquals([...outputs.sum], [52]);
  assertEquals([...outputs.sumSquares], [380380]);
  assertEquals([...outputs.sumMagnitudes], [5460]);
  assertEquals([...outputs.maximumMagnitude], [104]);
});

testOnEveryBackend("gradients with a norm below the bound are not scaled", async (backend) => {
  const outputs = await compute(backend, { x: vector(3, 4), zero: vector(0, 0) }, (values) => ({
    below: clipFactor(sumSquares(values.x), { maxNorm: 6 }),
    above: clipFactor(sumSquares(values.x), { maxNorm: 1 }),
    zero: clipFactor(sumSquares(values.zero), { maxNorm: 1 }),
  }));
  assertEquals([...outputs.below], [1]);
  assertEquals([...outputs.above], [Math.fround(1 / (5 + 1e-6))]);
  assertEquals([...outputs.zero], [1]);
});

Deno.test("an operand is broadcast by element, by channel or as one number", () => {
  assertEquals(broadcastOf([2, 3], [2, 3]), "full");
  assertEquals(broadcastOf([3], [2, 3, 4, 4]), "channel");
  assertEquals(broadcastOf([], [2, 3]), "scalar");
  assertEquals(broadcastOf([2], [2, 3]), undefined);
  assertEquals(broadcastOf([4], [4]), "full");
});

Deno.test("operands that do not fit are refused with both shapes", () => {
  trace({ name: "refused" }, () => {
    const a = fill([2, 3], 1);
    const b = fill([3], 1);
    assertThrows(() => add(a, b), InputError, "[3], which does not fit input of shape [2, 3]");
    assertThrows(() => subtract(a, b), InputError, "expected [2, 3]");
    assertThrows(() => multiplyScalar(a, b), InputError, "scalar has shape [3]");
    assertThrows(() => relu(input("labels", [2], "i32")), InputError, "holds i32; expected f32");
  });
});

Deno.test("the error for an operand that another op takes names that op", () => {
  const product = (...shape: number[]) =>
    trace({ name: "product" }, () => {
      multiply(input("x", [2, 3, 4, 4]), input("factor", shape));
    });
  const expected = "which does not fit input of shape [2, 3, 4, 4]; expected [2, 3, 4, 4]";
  assertThrows(() => product(3), InputError, `${expected}; channelScale takes it`);
  assertThrows(() => product(), InputError, `${expected}; multiplyScalar takes it`);
  assertEquals(assertThrows(() => product(5), InputError).message.endsWith(expected), true);
});
