import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { input, trace } from "../../graph/trace.ts";
import { erase } from "../../ops/erase.ts";
import { mix } from "../../ops/mix.ts";
import { testOnEveryBackend } from "../support/backends.ts";
import { compute } from "../support/run.ts";

testOnEveryBackend(
  "erased pixels take the values in turn, starting at the given one",
  async (backend) => {
    const inputs = {
      images: { shape: [2, 2, 2, 3], data: new Float32Array(24) },
      // The second box reaches beyond the image: pixels there are skipped, but still consume
      // values.
      boxes: { shape: [2, 5], data: Int32Array.of(0, 1, 2, 1, 4, 1, 2, 1, 2, 0) },
      values: { shape: [5], data: Float32Array.of(1, 2, 3, 4, 5) },
    };
    const { y } = await compute(backend, inputs, ({ images, boxes, values }) => ({
      y: erase(images, boxes, values),
    }));
    assertEquals([...y], [
      ...[0, 5, 0, 0, 2, 0], // values 4, 6 of channel 0
      ...[0, 1, 0, 0, 3, 0],
      ...[0, 0, 0, 0, 0, 1],
      ...[0, 0, 0, 0, 0, 2],
    ]);
  },
);

testOnEveryBackend(
  "an image is blended with its partner outside the box and replaced by it inside",
  async (backend) => {
    const inputs = {
      images: { shape: [2, 1, 2, 2], data: Float32Array.of(0, 4, 8, 12, 100, 200, 300, 400) },
      partners: { shape: [2, 5], data: Int32Array.of(1, 0, 0, 1, 1, 0, 0, 0, 0, 0) },
      shares: { shape: [2], data: Float32Array.of(0.75, 1) },
    };
    const { y } = await compute(backend, inputs, ({ images, partners, shares }) => ({
      y: mix(images, partners, shares),
    }));
    assertEquals([...y], [100, 53, 81, 109, 100, 200, 300, 400]);
  },
);

Deno.test("operands that do not fit the images are refused", () => {
  trace({ name: "refused" }, () => {
    const images = input("images", [2, 3, 4, 4]);
    const boxes = input("boxes", [2, 5], "i32");
    const values = input("values", [3]);
    const few = input("few", [1, 5], "i32");
    assertThrows(
      () => erase(images, few, values),
      InputError,
      "boxes has shape [1, 5]; expected [2, 5]",
    );
    assertThrows(() => erase(images, values, values), InputError, "boxes holds f32; expected i32");
    assertThrows(() => erase(images, boxes, input("no", [0])), InputError, "there are no values");
    assertThrows(() => mix(images, few, values), InputError, "partners has shape [1, 5]");
    assertThrows(
      () => mix(images, boxes, values),
      InputError,
      "shares has shape [3]; expected [2]",
    );
    assertThrows(() => mix(values, boxes, values), InputError, "[batch, channels, height, width]");
  });
});
