import { assert, assertEquals } from "@std/assert";
import { withScope } from "../../../graph/trace.ts";
import type { Value } from "../../../graph/types.ts";
import { add } from "../../../ops/add.ts";
import { addBias } from "../../../ops/add_bias.ts";
import { avgPool2d } from "../../../ops/avg_pool2d.ts";
import { conv2d } from "../../../ops/conv2d.ts";
import { foldForInference } from "../../../ops/fold_for_inference.ts";
import { relu } from "../../../ops/relu.ts";
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

Deno.test("branches of one input become one convolution, named after the block", () => {
  const program = build((x) =>
    relu(withScope("block", () => {
      const square = withScope("dense", () =>
        conv2d(x, tensor([4, 4, 3, 3]), undefined, { padding: 1 }));
      const point = withScope("pointwise", () =>
        conv2d(x, tensor([4, 4, 1, 1]), tensor([4])));
      return add(add(normalize(square), normalize(point)), normalize(x));
    }))
  );
  const folded = foldForInference(program);
  assertEquals(opsOf(folded), ["conv2d", "relu"]);
  assertEquals(constantsOf(folded), ["block.weight", "block.bias"]);
  assertSameFunction(program, folded);
});

Deno.test("a summand with another input is added to the merged branches", () => {
  const program = build((x) => {
    const y = relu(x);
    const one = conv2d(y, tensor([4, 4, 3, 3]), undefined, { padding: 1 });
    return add(add(one, x), conv2d(y, tensor([4, 4, 1, 1])));
  });
  const folded = foldForInference(program);
  assertEquals(opsOf(folded), ["relu", "conv2d", "add"]);
  assertSameFunction(program, folded);
});

Deno.test("two sums in one module keep kernels of different names", () => {
  const program = build((x) => {
    const block = (x: Value) =>
      withScope("block", () => add(withScope("conv", () => conv2d(x, tensor([4, 4, 1, 1]))), x));
    return relu(block(relu(block(x))));
  });
  const folded = foldForInference(program);
  assertEquals(opsOf(folded), ["conv2d", "relu", "conv2d", "relu"]);
  assertEquals(new Set(constantsOf(folded)).size, 2);
  assertSameFunction(program, folded);
});

Deno.test("branches stay separate if one convolution is impossible or more work", () => {
  const cases: ((x: Value) => Value)[] = [
    // 3x3, where 1x3 and 3x1 take less.
    (x) =>
      add(
        conv2d(x, tensor([4, 4, 1, 3]), undefined, { padding: [0, 1] }),
        conv2d(x, tensor([4, 4, 3, 1]), undefined, { padding: [1, 0] }),
      ),
    // No kernel at all.
    (x) => add(normalize(x), x),
    // Different padding.
    (x) =>
      add(
        conv2d(x, tensor([4, 4, 3, 3]), undefined, { padding: 1 }),
        conv2d(x, tensor([4, 4, 3, 3]), undefined, { padding: 1, paddingMode: "reflect" }),
      ),
    // Not linear.
    (x) => add(conv2d(x, tensor([4, 4, 1, 1])), relu(x)),
  ];
  for (const network of cases) {
    const program = build(network);
    assertEquals(opsOf(foldForInference(program)), opsOf(program));
  }
});

Deno.test("branches that can be merged are merged in any order", () => {
  const row = (x: Value) => conv2d(x, tensor([4, 4, 1, 3]), undefined, { padding: [0, 1] });
  const column = (x: Value) => conv2d(x, tensor([4, 4, 3, 1]), undefined, { padding: [1, 0] });
  const point = (x: Value) => conv2d(x, tensor([4, 4, 1, 1]));
  const square = (x: Value) => conv2d(x, tensor([4, 4, 3, 3]), undefined, { padding: 1 });
  const circular = (x: Value) =>
    conv2d(x, tensor([4, 4, 3, 3]), undefined, { padding: 1, paddingMode: "circular" });
  for (
    const branches of [
      [row, column, point],
      [point, row, column],
      [circular, square, point, square],
      [square, circular, square],
    ]
  ) {
    const program = build((x) => branches.map((branch) => branch(x)).reduce((a, b) => add(a, b)));
    const folded = foldForInference(program);
    assertEquals(opsOf(folded), ["conv2d", "conv2d", "add"]);
    assertSameFunction(program, folded);
  }
});

Deno.test("a sum of thousands of terms folds", () => {
  const program = build((x) => {
    let y = conv2d(x, tensor([4, 4, 1, 1]));
    for (let i = 0; i < 2000; i++) y = add(y, x);
    return y;
  });
  const folded = foldForInference(program);
  assertEquals(opsOf(folded), ["conv2d"]);
  assertSameFunction(program, folded);
});

Deno.test("random branches of one input fold to the same function", () => {
  let folds = 0;
  for (let seed = 0; seed < 150; seed++) {
    const draw = new Draw(seed);
    const groups = draw.one(1, 1, 2, 3);
    const channels = groups * draw.whole(1, 3);
    const stride = draw.pair(1, 2), dilation = draw.pair(1, 2);
    const reach = draw.pair(0, 2);
    const outChannels = stride.every((s) => s === 1) && draw.whole(0, 1) === 1
      ? channels
      : groups * draw.whole(1, 3);
    const program = build((x) => {
      const branches = Array.from(
        { length: draw.whole(2, 4) },
        () => branch(draw, x, { outChannels, groups, stride, dilation, reach }),
      );
      return branches.reduce((sum, value) => add(sum, value));
    }, [2, channels, ...draw.pair(6, 9)]);
    const folded = foldForInference(program, { batchNorm: draw.one(false, true) });
    if (opsOf(folded).length === 1) folds++;
    assertSameFunction(program, folded);
  }
  assert(folds > 90, `${folds} of 150 became one convolution`);
});

interface Extents {
  readonly outChannels: number;
  readonly groups: number;
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** How far kernels reach to each side of their centre, in taps. */
  readonly reach: readonly [number, number];
}

/** Linear ops whose outputs have the shape of a convolution with these extents, centred. */
function branch(draw: Draw, x: Value, extents: Extents): Value {
  const { outChannels, groups, stride, dilation, reach } = extents;
  const [, channels] = x.shape;
  const of = draw.one(groups, 1);
  const conv = (reach: readonly [number, number], bias = draw.one(false, true)) =>
    conv2d(
      x,
      tensor([outChannels, channels / of, 2 * reach[0] + 1, 2 * reach[1] + 1]),
      bias ? tensor([outChannels]) : undefined,
      {
        stride,
        dilation,
        groups: of,
        padding: [reach[0] * dilation[0], reach[1] * dilation[1]],
      },
    );
  const smaller = [draw.whole(0, reach[0]), draw.whole(0, reach[1])] as const;
  const isSame = outChannels === channels && stride.every((s) => s === 1);
  switch (draw.whole(0, isSame ? 5 : 3)) {
    case 0:
      return conv(reach);
    case 1:
      return normalize(conv(smaller));
    case 2:
      return addBias(scale(conv(smaller), -0.5), tensor([outChannels]));
    case 3: {
      const point = conv2d(x, tensor([2 * of, channels / of, 1, 1]), undefined, { groups: of });
      const [height, width] = [2 * reach[0] + 1, 2 * reach[1] + 1];
      return conv2d(
        scale(point, 2),
        tensor([outChannels, 2, height, width]),
        tensor([outChannels]),
        {
          stride,
          dilation,
          groups: of,
          padding: [reach[0] * dilation[0], reach[1] * dilation[1]],
        },
      );
    }
    case 4:
      return draw.one(x, normalize(x));
    default:
      return normalize(
        avgPool2d(x, {
          kernelSize: [2 * smaller[0] + 1, 2 * smaller[1] + 1],
          stride: 1,
          padding: smaller,
        }),
      );
  }
}
