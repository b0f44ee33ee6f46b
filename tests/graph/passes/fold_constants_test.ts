import { assertEquals } from "@std/assert";
import { constantOp } from "../../../graph/leaves.ts";
import { Parameter } from "../../../graph/parameter.ts";
import { foldConstants } from "../../../graph/passes/fold_constants.ts";
import { apply, constant, input, output, trace, withScope } from "../../../graph/trace.ts";
import type { Op } from "../../../graph/types.ts";
import { add } from "../../../ops/add.ts";
import { conv2d } from "../../../ops/conv2d.ts";
import { relu } from "../../../ops/relu.ts";
import { reshape } from "../../../ops/reshape.ts";

function parameter(name: string, shape: number[], values: number[]): Parameter {
  const made = new Parameter(shape);
  made.name = name;
  made.data.set(values);
  return made;
}

Deno.test("a kernel composed of parameters becomes the constant a plain layer would own", () => {
  const a = parameter("conv.a", [1, 1, 1, 2], [1, 2]);
  const b = parameter("conv.b", [1, 1, 1, 2], [10, 20]);
  const program = trace({ name: "infer" }, () => {
    const x = input("x", [1, 1, 1, 4]);
    output("y", withScope("conv", () => conv2d(x, add(a, b))));
  });
  const folded = foldConstants(program);
  assertEquals(folded.nodes.map(({ op }) => op.name), ["input", "constant", "conv2d"]);
  const kernel = folded.nodes[1];
  assertEquals(kernel.attributes.name, "conv.weight");
  assertEquals([...kernel.attributes.data], [11, 22]);
});

Deno.test("constants used directly keep their name and data", () => {
  const weight = parameter("conv.weight", [1, 1, 1, 1], [3]);
  const program = trace({ name: "infer" }, () => {
    output("y", relu(conv2d(input("x", [1, 1, 1, 4]), weight)));
  });
  const [kernel] = foldConstants(program).nodes.filter(({ op }) => op === constantOp);
  assertEquals(kernel.attributes.name, "conv.weight");
});

Deno.test("a reshaped constant keeps its shape if it would keep its name", () => {
  for (const [name, shape] of [["linear.weight", [2, 3]], ["linear.W", [2, 3, 1, 1]]] as const) {
    const weight = parameter(name, [2, 3], Array<number>(6).fill(1));
    const program = trace({ name: "infer" }, () => {
      const x = input("x", [1, 3, 1, 1]);
      withScope("linear", () => output("y", conv2d(x, reshape(weight, [2, 3, 1, 1]))));
    });
    const [kernel] = foldConstants(program).nodes.filter(({ op }) => op === constantOp);
    assertEquals([kernel.attributes.name, kernel.attributes.shape], ["linear.weight", shape]);
  }
});

Deno.test("a constant output stays an output", () => {
  const program = trace({ name: "infer" }, () => {
    const x = constant([2], Float32Array.of(-1, 2));
    output("y", relu(x));
  });
  const folded = foldConstants(program);
  assertEquals(folded.nodes.map(({ op }) => op.name), ["constant"]);
  assertEquals([...folded.outputs.y.node.attributes.data], [0, 2]);
});

Deno.test("folded constants are computed once, when their data is first read", () => {
  let computed = 0;
  const counted: Op = {
    name: "counted",
    inputNames: ["input"],
    infer: ([type]) => [type],
    evaluate([{ data }]) {
      computed++;
      return [data];
    },
    multiplyAccumulates: () => 0,
    samples: [],
  };
  const program = trace({ name: "infer" }, () => {
    const [y] = apply(counted, [constant([2], Float32Array.of(1, 2))], {});
    output("sum", add(input("x", [2]), y));
  });
  const [folded] = foldConstants(foldConstants(program)).nodes.filter(({ op }) =>
    op === constantOp
  );
  assertEquals(computed, 0);
  for (let times = 0; times < 2; times++) assertEquals([...folded.attributes.data], [1, 2]);
  assertEquals(computed, 1);
});
