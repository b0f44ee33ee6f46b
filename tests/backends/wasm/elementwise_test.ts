import { assert, assertEquals } from "@std/assert";
import { runnableNode } from "./run_node.ts";
import type { Target } from "../../../assembler/mod.ts";
import { elementwise } from "../../../backends/wasm/kernels/elementwise.ts";
import { apply, constant, trace } from "../../../graph/trace.ts";
import type { GraphNode, Shape } from "../../../graph/types.ts";
import { addOp } from "../../../ops/add.ts";
import { elementwiseOp } from "../../../ops/elementwise.ts";
import { fill } from "../../../ops/fill.ts";
import { movingAverageOp } from "../../../ops/moving_average.ts";
import { relu, reluGradientOp } from "../../../ops/relu.ts";
import { tanh } from "../../../ops/tanh.ts";
import { checkNode, forEachForm, randomNode, randomSource, TARGETS } from "./node_check.ts";

/** Uses every operation, all kinds of operands, and has two outputs. */
const everythingOp = elementwiseOp({
  name: "everything",
  inputNames: ["x", "channel", "scalar", "y", "otherChannel"],
  samples: [],
  outputCount: () => 2,
  expression(e, [x, channel, scalar, y, other]) {
    const spread = e.squareRoot(e.add(e.multiply(channel, channel), e.constant(0.1)));
    const shifted = e.subtract(e.divide(x, spread), e.multiply(scalar, other));
    const limited = e.minimum(e.maximum(shifted, y), e.tanh(channel));
    return [
      // The constant keeps the sum away from zero, where rounding would look large.
      e.add(e.multiply(limited, scalar), e.add(e.tanh(y), e.constant(3))),
      e.selectGreater(x, y, e.maximum(x, e.constant(0)), e.log1p(e.exp(e.multiply(scalar, other)))),
    ];
  },
});

Deno.test("elementwise kernels agree with the op's definition on any shape and broadcast", () => {
  const random = randomSource(1);
  const shapes: Shape[] = [
    [2, 3, 5, 7],
    [1, 1, 1, 1],
    [2, 16, 8, 8],
    [3, 12, 3, 3],
    [5, 20, 9, 11],
    [1, 130, 4, 5],
    [7, 10],
    [64, 10],
    [3, 1001],
    [2, 5, 6],
  ];
  forEachForm((target, threads) => {
    for (const shape of shapes) {
      const channel = [shape[1]];
      const inputs = [shape, channel, [], shape, channel];
      const node = randomNode({ op: everythingOp, inputs, attributes: {} }, random);
      checkNode(elementwise, node, target, threads);
    }
  });
});

Deno.test("elementwise kernels skip no element and write none past the end", () => {
  const random = randomSource(2);
  forEachForm((target, threads) => {
    for (const size of [1, 3, 4, 5, 15, 31, 32, 33, 63, 65, 127, 200, 1027]) {
      const add = randomNode({ op: addOp, inputs: [[size], [size]], attributes: {} }, random);
      checkNode(elementwise, add, target, threads);
      const average = { op: movingAverageOp, inputs: [[size], [size], []], attributes: {} };
      checkNode(elementwise, randomNode(average, random), target, threads);
    }
  });
});

Deno.test("a scalar is an elementwise operand like any other", () => {
  const node = randomNode({ op: addOp, inputs: [[], []], attributes: {} }, randomSource(3));
  forEachForm((target, threads) => checkNode(elementwise, node, target, threads));
});

Deno.test("fill needs no inputs", () => {
  forEachForm((target, threads) =>
    checkNode(elementwise, nodeOf(() => fill([3, 7], 2.5)), target, threads)
  );
});

Deno.test("relu keeps NaN, and its gradient agrees with its definition", () => {
  const values = [NaN, -1, 0, 2, Infinity, -Infinity];
  const node = nodeOf(() => relu(constant([6], Float32Array.from(values))));
  forEachForm((target, threads) => {
    assertEquals(results(node, target, threads), [NaN, 0, 0, 2, Infinity, 0]);
    const gradient = randomNode(
      { op: reluGradientOp, inputs: [[2, 8, 3, 3], [2, 8, 3, 3]], attributes: {} },
      randomSource(4),
    );
    checkNode(elementwise, gradient, target, threads);
  });
});

Deno.test("tanh is accurate to 2e-7 for small and large arguments", () => {
  const magnitudes = Array.from({ length: 4000 }, (_, i) => 10 ** (-6 + i / 500));
  const values = Float32Array.from([...magnitudes, ...magnitudes.map((x) => -x), 0, Infinity]);
  const node = nodeOf(() => tanh(constant([values.length], values)));
  forEachForm((target, threads) => {
    results(node, target, threads).forEach((y, i) => {
      const expected = Math.tanh(values[i]);
      const error = Math.abs(y - expected) / Math.max(Math.abs(expected), 1e-30);
      assert(error < 2e-7, `tanh(${values[i]}) is off by ${error}`);
    });
  });
  const none = nodeOf(() => tanh(constant([1], Float32Array.of(NaN))));
  assertEquals(results(none, TARGETS[0], 1), [NaN]);
});

const expOp = elementwiseOp({
  name: "exp",
  inputNames: ["x"],
  samples: [],
  expression: (e, [x]) => [e.exp(x)],
});
const log1pOp = elementwiseOp({
  name: "log1p",
  inputNames: ["x"],
  samples: [],
  expression: (e, [x]) => [e.log1p(x)],
});

Deno.test("exponentials are accurate to 5e-7 over all of f32, logarithms of 1 + x to 2e-7", () => {
  const magnitudes = Array.from({ length: 4000 }, (_, i) => 10 ** (-9 + i / 340));
  const exponents = magnitudes.map((x) => x / 30).filter((x) => x < 87);
  const cases = [
    {
      op: expOp,
      values: [...exponents, ...exponents.map((x) => -x)],
      meaning: Math.exp,
      most: 5e-7,
    },
    {
      op: log1pOp,
      values: [...magnitudes, ...magnitudes.filter((x) => x < 0.99).map((x) => -x), 1e30],
      meaning: Math.log1p,
      most: 2e-7,
    },
  ];
  for (const { op, values, meaning, most } of cases) {
    const x = Float32Array.from(values);
    const node = nodeOf(() => apply(op, [constant([x.length], x)], {})[0]);
    forEachForm((target, threads) =>
      results(node, target, threads).forEach((y, i) => {
        const error = Math.abs(y - meaning(x[i])) / Math.abs(meaning(x[i]));
        assert(error < most, `${op.name}(${x[i]}) is off by ${error}`);
      })
    );
  }
});

Deno.test("exponentials and logarithms keep NaN and infinity", () => {
  const x = Float32Array.of(0, NaN, Infinity, -Infinity, 200, -200);
  const of = (op: typeof expOp, values: Float32Array) =>
    results(nodeOf(() => apply(op, [constant([values.length], values)], {})[0]), TARGETS[0], 1);
  assertEquals(of(expOp, x), [1, NaN, Infinity, 0, Infinity, 0]);
  assertEquals(of(log1pOp, x.subarray(0, 3)), [0, NaN, Infinity]);
});

function nodeOf(build: () => { node: GraphNode }): GraphNode {
  let node: GraphNode | undefined;
  trace({ name: "case" }, () => node = build().node);
  return node!;
}

/** The result of a node's kernel on constants. */
function results(node: GraphNode, target: Target, threads: number): number[] {
  const runnable = runnableNode(elementwise, node, target, threads);
  for (const value of node.inputs) runnable.write(value, value.node.attributes.data);
  runnable.run();
  return [...runnable.read(node.outputs[0])];
}
