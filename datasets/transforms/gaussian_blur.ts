import { z } from "../../schema/entry.ts";
import type { TransformEntry } from "../transform.ts";
import { blurred } from "./blur.ts";
import { between } from "./draws.ts";
import { rangeSchema } from "./options.ts";

const taps = z.int().min(1).max(255).refine((count) => count % 2 === 1, "expected an odd number");

const schema = z.object({
  kernelSize: z.union([taps, z.tuple([taps, taps])]).describe(
    "Kernel size in pixels, an odd number, or [across, down]",
  ),
  sigma: z.union([z.number().positive(), rangeSchema(1e-6, 1000)]).default([0.1, 2]).describe(
    "Standard deviation in pixels, or [least, largest]",
  ),
});

/** Like torchvision's `GaussianBlur`. */
export const gaussianBlur: TransformEntry<typeof schema> = {
  about: "Blur with a random standard deviation",
  schema,
  build({ kernelSize, sigma }) {
    const [across, down] = typeof kernelSize === "number" ? [kernelSize, kernelSize] : kernelSize;
    const range = typeof sigma === "number" ? [sigma, sigma] as const : sigma;
    return {
      isRandom: true,
      sizeAfter: (size) => size,
      apply(picture, random) {
        const drawn = between(range, random);
        return blurred(picture, [across, down], [drawn, drawn]);
      },
    };
  },
};
