import { assertEquals } from "@std/assert";
import { fuseElementwise, type FuseOptions } from "../../../graph/passes/fuse.ts";
import { input, output, trace } from "../../../graph/trace.ts";
import { add } from "../../../ops/add.ts";
import { conv2d } from "../../../ops/conv2d.ts";
import { float64 } from "../../../ops/elementwise.ts";
import { relu } from "../../../ops/relu.ts";
import type { Program } from "../../../graph/types.ts";

const LIMITS: FuseOptions = { maxInputs: 8 };
const names = (program: Program) => program.nodes.map(({ op }) => op.name);

Deno.test("a chain of elementwise ops becomes one node with the same meaning", () => {
  const fused = fuseElementwise(
    trace({ name: "chain" }, () => {
      const a = input("a", [2, 3]);
      const b = input("b", [2, 3]);
      output("y", add(relu(add(a, b)), relu(a)));
    }),
    LIMITS,
  );
  assertEquals(names(fused), ["input", "input", "fused"]);
  const node = fused.outputs.y.node;
  assertEquals(node.inputs.length, 2);
  const evaluate = (a: number, b: number) =>
    node.op.elementwise!.expression(float64, [a, b], node.attributes);
  assertEquals(evaluate(1, 2), [4]);
  assertEquals(evaluate(-1, 0.5), [0]);
  assertEquals(evaluate(-1, 3), [2]);
});

Deno.test("a value used twice is computed once", () => {
  const fused = fuseElementwise(
    trace({ name: "shared" }, () => {
      const sum = add(input("a", [2]), input("b", [2]));
      output("sum", sum);
      output("y", relu(sum));
    }),
    LIMITS,
  );
  assertEquals(names(fused), ["input", "input", "add", "relu"]);
});

Deno.test("other ops separate chains", () => {
  const fused = fuseElementwise(
    trace({ name: "conv" }, () => {
      const x = relu(relu(input("x", [1, 1, 2, 2])));
      output("y", relu(relu(conv2d(x, input("w", [1, 1, 1, 1])))));
    }),
    LIMITS,
  );
  assertEquals(names(fused), ["input", "fused", "input", "conv2d", "fused"]);
});

function widestFused(options: FuseOptions): number {
  const fused = fuseElementwise(
    trace({ name: "wide" }, () => {
      let sum = input("x0", [4]);
      for (let i = 1; i < 20; i++) sum = add(sum, input(`x${i}`, [4]));
      output("y", sum);
    }),
    options,
  );
  return Math.max(...fused.nodes.map(({ inputs }) => inputs.length));
}

Deno.test("a fused node reads at most maxInputs tensors", () => {
  assertEquals(widestFused({ maxInputs: 8 }), 8);
  assertEquals(widestFused({ maxInputs: 5 }), 5);
});

Deno.test("a fused node has at most maxTensors inputs and outputs", () => {
  assertEquals(widestFused({ ...LIMITS, maxTensors: 8 }), 7);
  assertEquals(widestFused({ ...LIMITS, maxTensors: 3 }), 2);
});
