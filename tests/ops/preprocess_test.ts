import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { input, trace } from "../../graph/trace.ts";
import { preprocess } from "../../ops/preprocess.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { compute } from "../support/run.ts";

const PLAIN = { padding: 0, mean: [0], std: [1 / 255] };

function image(height: number, width: number, channels = 1) {
  const data = Uint8Array.from({ length: height * width * channels }, (_, i) => i + 1);
  return { shape: [1, height, width, channels], data };
}

testOnEveryBackend("crops the zero-padded image, then flips it", async (backend) => {
  const cropped = async (offsetY: number, offsetX: number, flip: number) => {
    const transforms = { shape: [1, 3], data: Int32Array.of(offsetY, offsetX, flip) };
    const inputs = { pixels: image(2, 3), transforms };
    const { x } = await compute(backend, inputs, ({ pixels, transforms }) => ({
      x: preprocess(pixels, transforms, { ...PLAIN, padding: 1 }),
    }));
    return Array.from(x, Math.round);
  };
  assertEquals(await cropped(1, 1, 0), [1, 2, 3, 4, 5, 6]);
  assertEquals(await cropped(1, 1, 1), [3, 2, 1, 6, 5, 4]);
  assertEquals(await cropped(0, 1, 0), [0, 0, 0, 1, 2, 3]);
  assertEquals(await cropped(2, 2, 0), [5, 6, 0, 0, 0, 0]);
  assertEquals(await cropped(2, 2, 1), [0, 6, 5, 0, 0, 0]);
});

testOnEveryBackend("normalizes each channel and moves channels first", async (backend) => {
  const mean = [0.1, 0.2, 0.3];
  const std = [0.5, 0.25, 0.125];
  const { x } = await compute(backend, { pixels: image(2, 2, 3) }, ({ pixels }) => ({
    x: preprocess(pixels, undefined, { padding: 0, mean, std }),
  }));
  for (let c = 0; c < 3; c++) {
    for (let place = 0; place < 4; place++) {
      const expected = ((place * 3 + c + 1) / 255 - mean[c]) / std[c];
      assertAlmostEquals(x[c * 4 + place], expected, 1e-6);
    }
  }
});

Deno.test("pixels, transforms and statistics that do not fit are refused", () => {
  trace({ name: "refused" }, () => {
    const pixels = input("pixels", [2, 4, 4, 1], "u8");
    const transforms = input("transforms", [1, 3], "i32");
    assertThrows(() => preprocess(pixels, transforms, PLAIN), InputError, "expected [2, 3]");
    assertThrows(() => preprocess(transforms, undefined, PLAIN), InputError, "expected u8");
    assertThrows(
      () => preprocess(pixels, undefined, { ...PLAIN, std: [1, 1] }),
      InputError,
      "std has 2 numbers; the pixels have 1 channels",
    );
  });
});
