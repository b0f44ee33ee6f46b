/** Pictures as a network takes them, for `predict` and the page in a browser. */
import { InputError } from "../errors.ts";
import { fit } from "../files/pixels.ts";
import type { Raster } from "../files/raster.ts";
import { RandomStream, STREAM } from "../graph/random.ts";
import type { PictureSize } from "./transform.ts";
import { planTransforms, type TransformChoice } from "./transforms/registry.ts";

/**
 * What makes the input of a network of a picture: the transforms of what it was measured on, by
 * default {@link fit}. Throws InputError for transforms that do not give the input's size.
 */
export function pictureView(
  { input, transforms }: {
    readonly input: PictureSize;
    readonly transforms?: readonly TransformChoice[];
  },
): (picture: Raster) => Raster {
  if (!transforms) return (picture) => fit(picture, input);
  const plan = planTransforms(transforms, { isRandom: false, from: input });
  const { height, width } = plan.size;
  if (height !== input.height || width !== input.width) {
    throw new InputError(
      `its transforms give pictures of ${height}x${width}; it takes ${input.height}x${input.width}`,
    );
  }
  const random = new RandomStream({ seed: 0, stream: STREAM.transforms });
  // Transforms of images that all had one size may leave one of another at a size of its own.
  return (picture) =>
    fit(plan.transforms.reduce((seen, { apply }) => apply(seen, random), picture), input);
}
