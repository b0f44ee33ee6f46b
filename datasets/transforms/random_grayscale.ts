import { z } from "../../schema/entry.ts";
import type { TransformEntry } from "../transform.ts";
import { greyed } from "./colours.ts";
import { probabilityOf } from "./options.ts";

const schema = z.object({ p: probabilityOf(0.1) });

/** Like torchvision's `RandomGrayscale`. */
export const randomGrayscale: TransformEntry<typeof schema> = {
  about: "Convert to grey at random, keeping the number of channels",
  schema,
  build: ({ p }) => ({
    isRandom: true,
    sizeAfter: (size) => size,
    apply: (picture, random) => random.uniform() < p ? greyed(picture) : picture,
  }),
};
