import { assert, assertEquals } from "@std/assert";
import { input, output, trace, withScope } from "../../../graph/trace.ts";
import type { Value } from "../../../graph/types.ts";
import { addBias } from "../../../ops/add_bias.ts";
import { avgPool2d } from "../../../ops/avg_pool2d.ts";
import { channelScale } from "../../../ops/channel_scale.ts";
import { conv2d } from "../../../ops/conv2d.ts";
import { foldForInference } from "../../../ops/fold_for_inference.ts";
import { inexactSequences } from "../../../ops/folding/sequence.ts";
import { linear } from "../../../ops/linear.ts";
import { relu } from "../../../ops/relu.ts";
import { reshape } from "../../../ops/reshape.ts";
import { scale } from "../../../ops/scale.ts";
import { Draw } from "../../support/draw.ts";
import {
  assertSameFunction,
  build,
  constantsOf,
  normalize,
  opsOf,
  tensor,
} from "../../support/folding.ts";

Deno.test("consecutive convolutions become one, named after the block, and the batch norm after it stays", () => {
  const program = build((x) => {
    const y = withScope("block", () => {
      const wide = withScope(
        "conv1",
        () => conv2d(x, tensor([16, 4, 1, 1]), tensor([16]), { padding: 1 }),
      );
      const same = withScope("conv2", () => conv2d(wide, tensor([16, 16, 3, 3]), tensor([16])));
      return withScope("conv3", () => conv2d(same, tensor([6, 16, 1, 1]), tensor([6])));
    });
    return withScope("bn", () => normalize(y));
  });
  const folded = foldForInference(program);
  assertEquals(opsOf(folded), ["conv2d", "channelNormalize"]);
  assertEquals(constantsOf(folded).slice(0, 2), ["block.weight", "block.bias"]);
  assertSameFunction(program, folded);
  const whole = foldForInference(program, { batchNorm: true });
  assertEquals(opsOf(whole), ["conv2d"]);
  assertSameFunction(program, whole);
});

Deno.test("consecutive fully connected layers become one", () => {
  const program = trace({ name: "test" }, () => {
    const wide = linear(input("x", [10, 20]), tensor([50, 20]), tensor([50]));
    output("y", linear(normalize(wide), tensor([3, 50]), tensor([3])));
  });
  const folded = foldForInference(program);
  assertEquals(opsOf(folded), ["linear"]);
  assertSameFunction(program, folded);
});

Deno.test("a kernel that is a reshaped matrix absorbs the scale after it and keeps its name", () => {
  const program = build((x) => {
    const kernel = reshape(tensor([6, 4], "layer.weight"), [6, 4, 1, 1]);
    const y = withScope("layer", () => conv2d(x, kernel, tensor([6])));
    return channelScale(y, tensor([6, 1, 1]));
  });
  assertEquals(opsOf(foldForInference(program)), ["reshape", "conv2d", "channelScale"]);
  const folded = foldForInference(program, { batchNorm: true });
  assertEquals(opsOf(folded), ["conv2d"]);
  assertEquals(constantsOf(folded), ["layer.weight", "layer.bias"]);
  assertSameFunction(program, folded);
});

Deno.test("a convolution with padding can follow a shift that cancels the bias", () => {
  const program = build((x) => {
    const bias = tensor([8]);
    const y = addBias(conv2d(x, tensor([8, 4, 1, 1]), bias), scale(bias, -1));
    return conv2d(y, tensor([4, 8, 3, 3]), undefined, { padding: 1 });
  });
  const folded = foldForInference(program);
  assertEquals(opsOf(folded), ["conv2d"]);
  assertSameFunction(program, folded);
});

Deno.test("a sequence stays if one convolution is inexact or more work", () => {
  const padded = { padding: 1 };
  const cases: ((x: Value) => Value)[] = [
    // The border of the second would see the first one's bias, or what lies around it.
    (x) =>
      conv2d(conv2d(x, tensor([9, 4, 1, 1]), tensor([9])), tensor([4, 9, 3, 3]), undefined, padded),
    (x) =>
      conv2d(
        conv2d(x, tensor([9, 4, 3, 3]), undefined, padded),
        tensor([4, 9, 3, 3]),
        undefined,
        padded,
      ),
    // A bottleneck.
    (x) => conv2d(conv2d(x, tensor([1, 4, 1, 1])), tensor([9, 1, 3, 3])),
    // Averages of fewer elements at the border.
    (x) =>
      conv2d(
        avgPool2d(conv2d(x, tensor([9, 4, 1, 1])), {
          kernelSize: 3,
          stride: 1,
          padding: 1,
          countIncludePad: false,
        }),
        tensor([2, 9, 1, 1]),
      ),
    (x) => conv2d(relu(conv2d(x, tensor([9, 4, 1, 1]))), tensor([4, 9, 3, 3])),
  ];
  for (const network of cases) {
    const program = build(network);
    assertEquals(opsOf(foldForInference(program, { batchNorm: true })), opsOf(program));
  }
});

Deno.test("groups of consecutive convolutions need not divide each other", () => {
  const program = build((x) => {
    const y = withScope("first", () => conv2d(x, tensor([12, 2, 1, 1]), undefined, { groups: 3 }));
    return withScope("second", () => conv2d(y, tensor([6, 6, 3, 3]), undefined, { groups: 2 }));
  }, [2, 6, 5, 5]);
  assertSameFunction(program, foldForInference(program, { batchNorm: true }));
  const wide = build((x) => {
    const y = withScope("first", () => conv2d(x, tensor([60, 2, 1, 1]), undefined, { groups: 3 }));
    return withScope("second", () => conv2d(y, tensor([6, 30, 3, 3]), undefined, { groups: 2 }));
  }, [2, 6, 5, 5]);
  const folded = foldForInference(wide);
  assertEquals(opsOf(folded), ["conv2d"]);
  assertSameFunction(wide, folded);
});

Deno.test("layers of a plain network stay separate", () => {
  const program = build((x) => {
    const narrow = withScope("block1.conv", () => conv2d(x, tensor([2, 4, 1, 1])));
    const y = withScope("block1.bn", () => normalize(narrow));
    const wide = withScope("block2.conv", () => conv2d(y, tensor([12, 2, 1, 1])));
    return withScope("pool", () => avgPool2d(wide, { kernelSize: 2 }));
  });
  const folded = foldForInference(program, { batchNorm: true });
  assertEquals(opsOf(folded), ["conv2d", "conv2d", "avgPool2d"]);
  assertSameFunction(program, folded);
});

Deno.test("a chain of thousands of ops folds", () => {
  const program = build((x) => {
    let y = conv2d(x, tensor([4, 4, 1, 1]));
    for (let i = 0; i < 2000; i++) y = scale(y, i % 2 ? 0.5 : 2);
    return y;
  });
  const folded = foldForInference(program, { batchNorm: true });
  assertEquals(opsOf(folded), ["conv2d"]);
  assertSameFunction(program, folded);
});

Deno.test("sequences that stay because their border is inexact are listed", () => {
  const program = (bias?: readonly number[]) =>
    build((x) => {
      const y = withScope("first", () => conv2d(x, tensor([9, 4, 1, 1]), bias && tensor(bias)));
      return relu(
        withScope("second", () => conv2d(y, tensor([4, 9, 3, 3]), undefined, { padding: 1 })),
      );
    });
  assertEquals(inexactSequences(foldForInference(program())), []);
  assertEquals(inexactSequences(foldForInference(program([9]))), [["first", "second"]]);
});

Deno.test("random linear sequences fold to the same function", () => {
  let before = 0, after = 0;
  for (let seed = 0; seed < 200; seed++) {
    const draw = new Draw(seed);
    const program = build((x) => {
      let y = x;
      for (let steps = draw.whole(2, 5); steps > 0; steps--) y = step(draw, y);
      return y;
    }, [2, 2 * draw.whole(1, 4), ...draw.pair(8, 11)]);
    const folded = foldForInference(program, { batchNorm: draw.one(false, true) });
    before += opsOf(program).length;
    after += opsOf(folded).length;
    assertSameFunction(program, folded);
  }
  assert(after < 0.8 * before, `${before} ops became ${after}`);
});

function step(draw: Draw, x: Value): Value {
  const [, channels, height, width] = x.shape;
  const isSmall = Math.min(height, width) < 4;
  switch (draw.whole(0, isSmall ? 3 : 5)) {
    case 0:
      return normalize(x, { affine: draw.one(false, true) });
    case 1:
      return scale(x, -0.5);
    case 2:
      return addBias(x, tensor([channels]));
    case 3:
    case 4: {
      const groups = draw.one(1, 1, 2, channels);
      const outChannels = groups * draw.whole(1, 4) * (groups === 1 ? 2 : 1);
      const kernel = isSmall ? [1, 1] : draw.pair(1, 3);
      const bias = draw.one(false, false, true) ? tensor([outChannels]) : undefined;
      const options = {
        groups,
        stride: draw.one<readonly [number, number]>([1, 1], [1, 1], draw.pair(1, 2)),
        padding: draw.one<readonly [number, number]>([0, 0], [0, 0], draw.pair(0, 1)),
        paddingMode: draw.one("zeros", "zeros", "reflect", "replicate", "circular"),
      } as const;
      const y = conv2d(x, tensor([outChannels, channels / groups, ...kernel]), bias, options);
      // An even number of channels for the groups that follow.
      return y.shape[1] % 2 === 0 ? y : conv2d(y, tensor([2, y.shape[1], 1, 1]));
    }
    default:
      return avgPool2d(x, { kernelSize: draw.pair(1, 3), stride: draw.whole(1, 2) });
  }
}
