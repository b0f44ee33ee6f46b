import { assertAlmostEquals, assertEquals } from "@std/assert";
import { evaluateProgram } from "../../backends/reference/reference.ts";
import type { ConstantAttributes } from "../../graph/leaves.ts";
import { foldBatchNorm } from "../../ops/fold_batch_norm.ts";
import { foldForInference } from "../../ops/fold_for_inference.ts";
import { constant, input, output, trace, withScope } from "../../graph/trace.ts";
import { type Program, type Shape, sizeOf, type Value } from "../../graph/types.ts";
import { add } from "../../ops/add.ts";
import { channelNormalize } from "../../ops/channel_normalize.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { linear } from "../../ops/linear.ts";
import { relu } from "../../ops/relu.ts";

let drawn = 0;

/** Numbers between 0.5 and 1.5, so that they do as variances too. */
function tensor(shape: Shape, name?: string): Value {
  const data = Float64Array.from({ length: sizeOf(shape) }, () => 1 + Math.sin(++drawn ** 2) / 2);
  return constant(shape, data, name);
}

function normalize(x: Value, { affine = true } = {}): Value {
  const channel = () => tensor([x.shape[1]]);
  const options = affine ? { weight: channel(), bias: channel() } : {};
  return channelNormalize(x, channel(), channel(), options);
}

function build(network: (x: Value) => Value): Program {
  return trace({ name: "test" }, () => output("y", network(input("x", [2, 4, 5, 5]))));
}

function opsOf({ nodes }: Program): string[] {
  return nodes.map(({ op }) => op.name).filter((name) => name !== "constant" && name !== "input");
}

function constantsOf({ nodes }: Program): string[] {
  return nodes.filter(({ op }) => op.name === "constant")
    .map(({ attributes }) => (attributes as ConstantAttributes).name ?? "");
}

function evaluate(program: Program): Float64Array {
  const data = Float32Array.from({ length: 200 }, (_, i) => Math.sin(i * i));
  const values = evaluateProgram(program, { x: data }, () => new Float64Array());
  return values.get(program.outputs.y) ?? new Float64Array();
}

function assertSameFunction(a: Program, b: Program): void {
  const [expected, actual] = [evaluate(a), evaluate(b)];
  assertEquals(actual.length, expected.length);
  expected.forEach((value, i) =>
    assertAlmostEquals(actual[i], value, 1e-12 * (1 + Math.abs(value)))
  );
}

Deno.test("a convolution takes in the batch norm after it and gets a bias of its name", () => {
  const program = build((x) => {
    const y = withScope("conv1", () =>
      conv2d(x, tensor([6, 2, 3, 3], "conv1.weight"), undefined, {
        groups: 2,
        padding: 1,
      }));
    return relu(withScope("bn1", () => normalize(y)));
  });
  const folded = foldBatchNorm(program);
  assertEquals(opsOf(folded), ["conv2d", "relu"]);
  assertEquals(constantsOf(folded), ["conv1.weight", "conv1.bias"]);
  assertSameFunction(program, folded);
});

Deno.test("a bias that is there and a batch norm without scale and shift fold too", () => {
  const program = build((x) =>
    normalize(conv2d(x, tensor([3, 4, 1, 1]), tensor([3])), { affine: false })
  );
  const folded = foldBatchNorm(program);
  assertEquals(opsOf(folded), ["conv2d"]);
  assertSameFunction(program, folded);
});

Deno.test("several batch norms in a row fold into one layer", () => {
  const program = build((x) => normalize(normalize(conv2d(x, tensor([3, 4, 3, 3])))));
  const folded = foldBatchNorm(program);
  assertEquals(opsOf(folded), ["conv2d"]);
  assertSameFunction(program, folded);
});

Deno.test("a fully connected layer takes in the batch norm after it", () => {
  const program = trace({ name: "test" }, () => {
    const x = input("x", [10, 20]);
    output("y", normalize(linear(x, tensor([3, 20]), tensor([3]))));
  });
  const folded = foldBatchNorm(program);
  assertEquals(opsOf(folded), ["linear"]);
  assertSameFunction(program, folded);
});

Deno.test("a batch norm stays where the convolution's output is used elsewhere or shown", () => {
  const shared = build((x) => {
    const y = conv2d(x, tensor([3, 4, 3, 3]));
    return add(normalize(y), y);
  });
  assertEquals(opsOf(foldBatchNorm(shared)), ["conv2d", "channelNormalize", "add"]);
  const shown = trace({ name: "test" }, () => {
    const y = conv2d(input("x", [2, 4, 5, 5]), tensor([3, 4, 3, 3]));
    output("features", y);
    output("y", normalize(y));
  });
  assertEquals(opsOf(foldBatchNorm(shown)), ["conv2d", "channelNormalize"]);
});

Deno.test("a batch norm stays without a convolution before it, and where the kernel is not constant", () => {
  const leading = build((x) => conv2d(normalize(x), tensor([3, 4, 3, 3])));
  assertEquals(opsOf(foldBatchNorm(leading)), ["channelNormalize", "conv2d"]);
  const dynamic = build((x) => normalize(conv2d(x, input("kernel", [3, 4, 3, 3]))));
  assertEquals(opsOf(foldBatchNorm(dynamic)), ["conv2d", "channelNormalize"]);
});

Deno.test("two convolutions that share a kernel keep their own", () => {
  const program = build((x) => {
    const kernel = tensor([4, 4, 1, 1], "shared.weight");
    return add(normalize(conv2d(x, kernel)), normalize(conv2d(x, kernel)));
  });
  const folded = foldBatchNorm(program);
  assertEquals(opsOf(folded), ["conv2d", "conv2d", "add"]);
  assertSameFunction(program, folded);
});

Deno.test("a folded program that is folded again stays as it is", () => {
  const program = build((x) => {
    const plain = normalize(conv2d(x, tensor([4, 4, 3, 3], "a.weight"), undefined, { padding: 1 }));
    return relu(add(plain, x));
  });
  for (const batchNorm of [false, true]) {
    const folded = foldForInference(program, { batchNorm });
    const again = foldForInference(folded, { batchNorm });
    assertEquals(opsOf(folded).includes("channelNormalize"), !batchNorm);
    assertEquals([opsOf(again), constantsOf(again)], [opsOf(folded), constantsOf(folded)]);
    assertEquals(evaluate(again), evaluate(folded));
  }
});
