/** Ops on images and their random masks. */
import { sizeOf } from "../../../graph/types.ts";
import { dropoutMask } from "../../../ops/dropout_mask.ts";
import { erase } from "../../../ops/erase.ts";
import { fill } from "../../../ops/fill.ts";
import { mix } from "../../../ops/mix.ts";
import { preprocess } from "../../../ops/preprocess.ts";
import type { Families } from "./case.ts";

export const IMAGES: Families = {
  "pixels and dropout"(draw) {
    const [batch, channels, height, width] = draw.images(draw.whole(1, 4));
    const padding = draw.whole(0, 3);
    const pixels = [batch, height, width, channels];
    const transforms = Array.from({ length: batch }, () => [
      ...draw.pair(0, 2 * padding),
      draw.whole(0, 1),
    ]).flat();
    const std = Array<number>(channels).fill(0.3), mean = Array<number>(channels).fill(0.4);
    const shape = draw.shape();
    return {
      inputs: [
        {
          shape: pixels,
          data: Uint8Array.from({ length: sizeOf(pixels) }, () => draw.whole(0, 255)),
        },
        { shape: [batch, 3], data: Int32Array.from(transforms) },
        { shape: [], data: Int32Array.of(draw.whole(-1000, 1000)) },
      ],
      build: ([pixels, transforms, step]) => [
        preprocess(pixels, transforms, { padding, mean, std }),
        dropoutMask(step, { shape, p: 0.4, stream: 3 }),
        fill(shape, 1.25),
      ],
    };
  },
  "erased and mixed images"(draw) {
    const shape = draw.images();
    const [batch, , height, width] = shape;
    const numbers = (fields: () => readonly number[]) => {
      const rows = Array.from({ length: batch }, fields);
      return { shape: [batch, rows[0].length], data: Int32Array.from(rows.flat()) };
    };
    const corner = () => [draw.whole(0, height - 1), draw.whole(0, width - 1)];
    return {
      inputs: [
        draw.floats(shape),
        // Some reach beyond the image.
        numbers(() => [...corner(), draw.whole(0, height), ...draw.pair(0, width)]),
        draw.floats([draw.whole(1, 30)]),
        numbers(() => [
          draw.whole(0, batch - 1),
          ...corner(),
          draw.whole(0, height),
          draw.whole(0, width),
        ]),
        draw.floats([batch], 0, 1),
      ],
      build: ([images, boxes, values, partners, shares]) => [
        erase(images, boxes, values),
        mix(images, partners, shares),
      ],
    };
  },
};
