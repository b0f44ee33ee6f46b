import { centredPart, fit as fitRaster } from "../../files/pixels.ts";
import { z } from "../../schema/entry.ts";
import type { TransformEntry } from "../transform.ts";
import { sizeOfOption, sizeSchema } from "./options.ts";

const schema = z.object({
  size: sizeSchema.describe("Side of a square, or [height, width]"),
});

/** What `predict` does to an image of another size than the network's input. */
export const fit: TransformEntry<typeof schema> = {
  about: "Crop the largest centred part of these proportions and scale it, as predict does",
  schema,
  build({ size }) {
    const extents = sizeOfOption(size);
    return {
      sizeAfter: () => extents,
      shows: (size) => centredPart(size, extents),
      apply: (picture) => fitRaster(picture, extents),
    };
  },
};
