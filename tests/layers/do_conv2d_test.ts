import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { Conv2d } from "../../layers/conv2d.ts";
import type { Conv2dOptions } from "../../layers/convolution_options.ts";
import { DoConv2d } from "../../layers/do_conv2d.ts";
import { kaimingNormal } from "../../layers/init.ts";
import { Sequential } from "../../layers/sequential.ts";
import { pair } from "../../ops/conv2d.ts";
import { runModule } from "../support/run_module.ts";

const SHAPES: Record<string, Conv2dOptions> = {
  dense: { inChannels: 4, outChannels: 6, kernelSize: 3, padding: 1 },
  grouped: { inChannels: 4, outChannels: 6, kernelSize: 3, groups: 2 },
  depthwise: { inChannels: 4, outChannels: 8, kernelSize: [1, 3], groups: 4, bias: false },
  strided: { inChannels: 4, outChannels: 2, kernelSize: 5, stride: 2, paddingMode: "reflect" },
  pointwise: { inChannels: 4, outChannels: 3, kernelSize: 1 },
};

for (const [name, options] of Object.entries(SHAPES)) {
  Deno.test(`a ${name} DoConv2d starts with the same bits as the Conv2d it replaces`, async () => {
    const [height, width] = pair(options.kernelSize);
    const area = height * width;
    const input = [2, 4, 7, 7];
    for (const initialize of [undefined, kaimingNormal]) {
      const plain = new Sequential(new Conv2d({ ...options, initialize }));
      plain.initialize(5);
      const expected = await runModule(plain, input);
      for (const depth of [undefined, area, area + 1, 2 * area, 2 * area + 2, 3 * area]) {
        for (const pairing of ["paper", "authors"] as const) {
          const composed = new Sequential(
            new DoConv2d({ ...options, initialize, depthMultiplier: depth, pairing }),
          );
          composed.initialize(5);
          assertEquals(await runModule(composed, input), expected, `D_mul ${depth}, ${pairing}`);
        }
      }
    }
  });
}

Deno.test("columns of W outside identity blocks are drawn, those in a second block are zero", () => {
  const layer = new DoConv2d({
    inChannels: 1,
    outChannels: 1,
    kernelSize: 2,
    depthMultiplier: 10,
    bias: false,
  });
  layer.initialize(0);
  assertEquals([...layer.W.data].map((value) => value !== 0), [
    ...[true, true, true, true],
    ...[false, false, false, false],
    ...[true, true],
  ]);
  assertEquals(layer.D?.shape, [1, 4, 10]);
  assertEquals(layer.D?.data.every((value) => value === 0), true);
});

Deno.test("a depth multiplier below the kernel's area is refused", () => {
  for (const depthMultiplier of [8, 0, 9.5, NaN]) {
    assertThrows(
      () => new DoConv2d({ inChannels: 1, outChannels: 1, kernelSize: 3, depthMultiplier }),
      InputError,
      "at least 9",
    );
  }
});

Deno.test("a 1x1 kernel has no D, whatever the depth multiplier", () => {
  const layer = new DoConv2d({
    inChannels: 3,
    outChannels: 2,
    kernelSize: 1,
    depthMultiplier: 4,
  });
  assertEquals([...layer.namedParameters().keys()], ["W", "bias"]);
  assertEquals(layer.W.shape, [2, 3, 1]);
});

Deno.test("groups that do not divide the channels are refused", () => {
  assertThrows(
    () => new Conv2d({ inChannels: 4, outChannels: 6, kernelSize: 3, groups: 4 }),
    InputError,
    "do not divide into 4 groups",
  );
});

Deno.test("kernels start with PyTorch's spread", () => {
  const options = { inChannels: 64, outChannels: 32, kernelSize: 3 } as const;
  const layer = new Conv2d(options);
  layer.initialize(0);
  const bound = 1 / Math.sqrt(64 * 9);
  const variance = (data: Float32Array) => data.reduce((sum, x) => sum + x * x, 0) / data.length;
  assertEquals(layer.weight.data.every((value) => Math.abs(value) <= bound), true);
  assertEquals(layer.bias?.data.every((value) => Math.abs(value) <= bound), true);
  assertAlmostEquals(variance(layer.weight.data), bound ** 2 / 3, 0.03 * bound ** 2);
  const normal = new Conv2d({ ...options, initialize: kaimingNormal });
  normal.initialize(0);
  assertAlmostEquals(variance(normal.weight.data), 2 / (32 * 9), 0.05 * 2 / (32 * 9));
});
