/** Options shared by datasets of the user's own images. */
import { z } from "../../schema/entry.ts";

/** Names of classes. */
export const classesSchema = z.array(z.string().min(1)).min(2).refine(
  (classes) => new Set(classes).size === classes.length,
  "expected every class once",
);

/** How many images to hold out. */
export const holdOutSchema = z.union([
  z.strictObject({ share: z.number().gt(0).lt(1).describe("Share of the images") }),
  z.strictObject({ count: z.int().min(1).describe("Number of images") }),
]).default({ share: 0.2 }).describe(
  "Images held out for validation if none are given, the same share of every class",
);

/** Seed of the held-out choice and of the order. */
export const splitSeedSchema = z.int().min(0).default(0).describe(
  "Seed of that choice, independent of the run's",
);

/** Colour or grey. */
export const channelsSchema = z.union([z.literal(3), z.literal(1)]).default(3).describe(
  "3 for colour, 1 for grey",
);
