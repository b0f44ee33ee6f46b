import { z } from "../../schema/entry.ts";
import type { TransformEntry } from "../transform.ts";
import { greyed } from "./colours.ts";

const schema = z.object({});

/** Like torchvision's `Grayscale` with as many channels as before. */
export const grayscale: TransformEntry<typeof schema> = {
  about: "Convert to grey, keeping the number of channels",
  schema,
  build: () => ({ sizeAfter: (size) => size, apply: (picture) => greyed(picture) }),
};
