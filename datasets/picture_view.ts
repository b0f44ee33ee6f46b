/** Converts images to a network's input, for `predict` and the page in a browser. */
import { InputError } from "../errors.ts";
import { centredPart, fit } from "../files/pixels.ts";
import type { Part, Raster } from "../files/raster.ts";
import { RandomStream, STREAM } from "../graph/random.ts";
import type { PictureSize } from "./transform.ts";
import { planTransforms, type TransformChoice } from "./transforms/registry.ts";

/** A network's input, and how an image becomes it. */
interface Seen {
  readonly input: PictureSize;
  readonly transforms?: readonly TransformChoice[];
}

/**
 * How an image becomes a network's input: the transforms used in its evaluation, by default {@link fit}.
 * Throws InputError for transforms that do not give the input's size.
 */
export function pictureView({ input, transforms }: Seen): (picture: Raster) => Raster {
  if (!transforms) return (picture) => fit(picture, input);
  const plan = planTransforms(transforms, { isRandom: false, from: input });
  const { height, width } = plan.size;
  if (height !== input.height || width !== input.width) {
    throw new InputError(
      `its transforms give images of ${height}x${width}; expected ${input.height}x${input.width}`,
    );
  }
  const random = new RandomStream({ seed: 0, stream: STREAM.transforms });
  // Transforms made for images of one size may give another size for other images.
  return (picture) =>
    fit(plan.transforms.reduce((seen, { apply }) => apply(seen, random), picture), input);
}

/**
 * The part of an image of this size that {@link pictureView} maps to the whole input: in fractional pixels
 * if scaled, and beyond the edges if padded.
 */
export function seenPart({ input, transforms = [] }: Seen, picture: PictureSize): Part {
  const plan = planTransforms(transforms, { isRandom: false, from: input });
  let size = picture;
  let seen: Part = { top: 0, left: 0, height: size.height, width: size.width };
  const cut = (part: Part, into: PictureSize) => {
    const [down, across] = [seen.height / size.height, seen.width / size.width];
    seen = {
      top: seen.top + part.top * down,
      left: seen.left + part.left * across,
      height: part.height * down,
      width: part.width * across,
    };
    size = into;
  };
  for (const { shows, sizeAfter } of plan.transforms) {
    cut(shows?.(size) ?? { top: 0, left: 0, ...size }, sizeAfter(size) ?? size);
  }
  cut(centredPart(size, input), input);
  return seen;
}
