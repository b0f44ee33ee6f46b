import { z } from "../../schema/entry.ts";
import type { RandomStream } from "../../graph/random.ts";
import type { PictureSize, TransformEntry } from "../transform.ts";
import { fillSchema, interpolationOf, probabilityOf } from "./options.ts";
import { type Corners, projectionOf } from "./perspective.ts";
import { warped } from "./warp.ts";

const schema = z.object({
  distortionScale: z.number().min(0).max(1).default(0.5).describe(
    "How far corners may move towards the middle, from 0 to 1",
  ),
  p: probabilityOf(0.5),
  interpolation: interpolationOf("bilinear"),
  fill: fillSchema,
});

/** Like torchvision's `RandomPerspective`. */
export const randomPerspective: TransformEntry<typeof schema> = {
  about: "Random perspective, as if seen from the side",
  schema,
  build: ({ distortionScale, p, interpolation, fill }) => ({
    isRandom: true,
    sizeAfter: (size) => size,
    apply(picture, random) {
      if (random.uniform() >= p) return picture;
      const projection = projectionOf(
        cornersOf(picture),
        drawCorners(picture, distortionScale, random),
      );
      return projection ? warped(picture, projection, interpolation, fill) : picture;
    },
  }),
};

function cornersOf({ height, width }: PictureSize): Corners {
  return [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]];
}

/** Where the corners move, drawn like torchvision. */
function drawCorners(
  { height, width }: PictureSize,
  distortionScale: number,
  random: RandomStream,
): Corners {
  const draw = (side: number) => {
    const inwards = random.integer(Math.floor(distortionScale * Math.floor(side / 2)) + 1);
    return { near: inwards, far: side - 1 - inwards };
  };
  const [topLeft, topRight, bottomRight, bottomLeft] = Array.from(
    { length: 4 },
    () => ({ x: draw(width), y: draw(height) }),
  );
  return [
    [topLeft.x.near, topLeft.y.near],
    [topRight.x.far, topRight.y.near],
    [bottomRight.x.far, bottomRight.y.far],
    [bottomLeft.x.near, bottomLeft.y.far],
  ];
}
