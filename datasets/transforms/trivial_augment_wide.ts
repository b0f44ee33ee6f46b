import { z } from "../../schema/entry.ts";
import type { TransformEntry } from "../transform.ts";
import { fillSchema, interpolationOf } from "./options.ts";
import {
  bitsDownTo,
  FIXED,
  operate,
  type OperationName,
  type Strength,
  THRESHOLDS,
  upTo,
} from "./policies.ts";

/** The operations, with their ranges of magnitude. */
export const WIDE_SPACE: ReadonlyMap<OperationName, Strength> = new Map<OperationName, Strength>([
  ["Identity", FIXED],
  ["ShearX", upTo(0.99)],
  ["ShearY", upTo(0.99)],
  ["TranslateX", upTo(32)],
  ["TranslateY", upTo(32)],
  ["Rotate", upTo(135)],
  ["Brightness", upTo(0.99)],
  ["Color", upTo(0.99)],
  ["Contrast", upTo(0.99)],
  ["Sharpness", upTo(0.99)],
  ["Posterize", bitsDownTo(2)],
  ["Solarize", THRESHOLDS],
  ["AutoContrast", FIXED],
  ["Equalize", FIXED],
]);
const ALL = [...WIDE_SPACE];

const schema = z.object({
  magnitudeBins: z.int().min(2).max(1000).default(31).describe("Number of strengths"),
  interpolation: interpolationOf("nearest"),
  fill: fillSchema,
});

/** Like torchvision's `TrivialAugmentWide` (S. G. Müller and F. Hutter, 2021). */
export const trivialAugmentWide: TransformEntry<typeof schema> = {
  about: "One operation drawn from 14, of random strength",
  schema,
  build: ({ magnitudeBins, ...moving }) => ({
    isRandom: true,
    sizeAfter: (size) => size,
    apply(picture, random) {
      const operation = ALL[random.integer(ALL.length)];
      const place = random.integer(magnitudeBins) / (magnitudeBins - 1);
      return operate(picture, operation, place, moving, random);
    },
  }),
};
