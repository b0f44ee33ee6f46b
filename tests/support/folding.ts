/** Programs to fold, and whether they compute the same afterwards. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { evaluateProgram } from "../../backends/reference/reference.ts";
import type { ConstantAttributes } from "../../graph/leaves.ts";
import { constant, input, output, trace } from "../../graph/trace.ts";
import { type Program, type Shape, sizeOf, type Value } from "../../graph/types.ts";
import { channelNormalize } from "../../ops/channel_normalize.ts";

let drawn = 0;

/** Numbers between 0.5 and 1.5, so that they can be variances too. */
export function tensor(shape: Shape, name?: string): Value {
  const data = Float64Array.from({ length: sizeOf(shape) }, () => 1 + Math.sin(++drawn ** 2) / 2);
  return constant(shape, data, name);
}

/** A batch norm with fixed statistics. */
export function normalize(x: Value, { affine = true } = {}): Value {
  const channel = () => tensor([x.shape[1]]);
  const options = affine ? { weight: channel(), bias: channel() } : {};
  return channelNormalize(x, channel(), channel(), options);
}

/** A program whose output `y` is `network` of an input with this shape. */
export function build(network: (x: Value) => Value, shape: Shape = [2, 4, 5, 5]): Program {
  return trace({ name: "test" }, () => output("y", network(input("x", shape))));
}

/** Names of the ops that compute something, in order. */
export function opsOf({ nodes }: Program): string[] {
  return nodes.map(({ op }) => op.name).filter((name) => name !== "constant" && name !== "input");
}

/** Names of the constants, in order. */
export function constantsOf({ nodes }: Program): string[] {
  return nodes.filter(({ op }) => op.name === "constant")
    .map(({ attributes }) => (attributes as ConstantAttributes).name ?? "");
}

/** A program's output for fixed numbers. */
export function evaluate(program: Program): Float64Array {
  const shape = program.nodes.find(({ op }) => op.name === "input")!.outputs[0].shape;
  const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i * i));
  return evaluateProgram(program, { x: data }, () => new Float64Array()).get(program.outputs.y)!;
}

/** Throws unless two programs agree up to float64 rounding. */
export function assertSameFunction(a: Program, b: Program): void {
  const [expected, actual] = [evaluate(a), evaluate(b)];
  assertEquals(actual.length, expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  expected.forEach((value, i) => assertAlmostEquals(actual[i], value, 1e-12 * largest));
}
