import { assertEquals } from "@std/assert";
import { foldForInference } from "../../ops/fold_for_inference.ts";
import { input, output, trace, withScope } from "../../graph/trace.ts";
import { add } from "../../ops/add.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { linear } from "../../ops/linear.ts";
import { relu } from "../../ops/relu.ts";
import {
  assertSameFunction,
  build,
  constantsOf,
  evaluate,
  normalize,
  opsOf,
  tensor,
} from "../support/folding.ts";

Deno.test("a batch norm folds into the convolution before it, whose bias is named after it", () => {
  const program = build((x) => {
    const y = withScope("conv1", () =>
      conv2d(x, tensor([6, 2, 3, 3], "conv1.weight"), undefined, {
        groups: 2,
        padding: 1,
      }));
    return relu(withScope("bn1", () => normalize(y)));
  });
  const folded = foldForInference(program, { batchNorm: true });
  assertEquals(opsOf(folded), ["conv2d", "relu"]);
  assertEquals(constantsOf(folded), ["conv1.weight", "conv1.bias"]);
  assertSameFunction(program, folded);
});

Deno.test("a convolution with a bias and a batch norm without scale and shift fold", () => {
  const program = build((x) =>
    normalize(conv2d(x, tensor([3, 4, 1, 1]), tensor([3])), { affine: false })
  );
  const folded = foldForInference(program, { batchNorm: true });
  assertEquals(opsOf(folded), ["conv2d"]);
  assertSameFunction(program, folded);
});

Deno.test("several batch norms in a row fold into one layer", () => {
  const program = build((x) => normalize(normalize(conv2d(x, tensor([3, 4, 3, 3])))));
  const folded = foldForInference(program, { batchNorm: true });
  assertEquals(opsOf(folded), ["conv2d"]);
  assertSameFunction(program, folded);
});

Deno.test("a batch norm folds into the fully connected layer before it", () => {
  const program = trace({ name: "test" }, () => {
    const x = input("x", [10, 20]);
    output("y", normalize(linear(x, tensor([3, 20]), tensor([3]))));
  });
  const folded = foldForInference(program, { batchNorm: true });
  assertEquals(opsOf(folded), ["linear"]);
  assertSameFunction(program, folded);
});

Deno.test("a batch norm stays if the convolution's output is used elsewhere or is an output", () => {
  const shared = build((x) => {
    const y = conv2d(x, tensor([3, 4, 3, 3]));
    return add(normalize(y), y);
  });
  assertEquals(opsOf(foldForInference(shared, { batchNorm: true })), [
    "conv2d",
    "channelNormalize",
    "add",
  ]);
  const shown = trace({ name: "test" }, () => {
    const y = conv2d(input("x", [2, 4, 5, 5]), tensor([3, 4, 3, 3]));
    output("features", y);
    output("y", normalize(y));
  });
  assertEquals(opsOf(foldForInference(shown, { batchNorm: true })), ["conv2d", "channelNormalize"]);
});

Deno.test("a batch norm stays if no convolution with a constant kernel precedes it", () => {
  const alone = build((x) => relu(normalize(x)));
  assertEquals(opsOf(foldForInference(alone, { batchNorm: true })), ["channelNormalize", "relu"]);
  const dynamic = build((x) => normalize(conv2d(x, input("kernel", [3, 4, 3, 3]))));
  assertEquals(opsOf(foldForInference(dynamic, { batchNorm: true })), [
    "conv2d",
    "channelNormalize",
  ]);
});

Deno.test("two convolutions that share a kernel fold separately", () => {
  const program = build((x) => {
    const kernel = tensor([4, 4, 1, 1], "shared.weight");
    return add(relu(normalize(conv2d(x, kernel))), relu(normalize(conv2d(x, kernel))));
  });
  const folded = foldForInference(program, { batchNorm: true });
  assertEquals(opsOf(folded), ["conv2d", "relu", "conv2d", "relu", "add"]);
  assertSameFunction(program, folded);
});

Deno.test("folding a folded program changes nothing", () => {
  const program = build((x) => {
    const plain = normalize(conv2d(x, tensor([4, 4, 3, 3], "a.weight"), undefined, { padding: 1 }));
    return add(relu(plain), x);
  });
  for (const batchNorm of [false, true]) {
    const folded = foldForInference(program, { batchNorm });
    const again = foldForInference(folded, { batchNorm });
    assertEquals(opsOf(folded).includes("channelNormalize"), !batchNorm);
    assertEquals([opsOf(again), constantsOf(again)], [opsOf(folded), constantsOf(folded)]);
    assertEquals(evaluate(again), evaluate(folded));
  }
});
