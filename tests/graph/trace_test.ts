import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { Parameter } from "../../graph/parameter.ts";
import { assign, extendProgram, input, output, trace, withScope } from "../../graph/trace.ts";
import { add } from "../../ops/add.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { relu } from "../../ops/relu.ts";

Deno.test("a parameter is one leaf however often it is used", () => {
  const bias = new Parameter([2]);
  const program = trace({
    name: "p",
    variables: [{ name: "parameters", size: 8 }],
    bind: () => ({ variable: "parameters", offset: 4 }),
  }, () => output("y", add(bias, bias)));
  assertEquals(program.nodes.map(({ op }) => op.name), ["variable", "add"]);
  assertEquals(program.nodes[0].attributes, { variable: "parameters", offset: 4, shape: [2] });
});

Deno.test("shape errors name their module", () => {
  assertThrows(
    () =>
      trace({ name: "p" }, () => {
        const x = input("x", [1, 3, 8, 8]);
        withScope("layer1", () => withScope("conv", () => conv2d(x, input("w", [4, 2, 3, 3]))));
      }),
    InputError,
    "layer1.conv: conv2d: weight [4, 2, 3, 3] with 1 group(s) expects 2 input channels, found 3",
  );
});

Deno.test("extending a program adds nodes that use its values, and does not change it", () => {
  const first = trace({ name: "p" }, () => output("x", relu(input("a", [2]))));
  const { x } = first.outputs;
  const extended = extendProgram(first, () => output("y", add(x, input("b", [2]))));
  assertEquals(extended.nodes.map(({ op }) => op.name), ["input", "relu", "input", "add"]);
  assertEquals(Object.keys(extended.outputs), ["x", "y"]);
  assertEquals([extended.name, first.nodes.length], ["p", 2]);
});

Deno.test("the error for an op outside a trace says what to do", () => {
  assertThrows(() => relu(new Parameter([1])), InputError, "wrap the code");
});

Deno.test("a failed trace does not block the next one", () => {
  assertThrows(() =>
    trace({ name: "bad" }, () => {
      throw new Error("no");
    }), Error);
  trace({ name: "good" }, () => {});
});

Deno.test("constants cannot be assigned to", () => {
  const statistic = new Parameter([1], { role: "buffer" });
  assertThrows(() => trace({ name: "p" }, () => assign(statistic, input("x", [1]))), InputError);
});
