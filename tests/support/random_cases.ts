/** Random applications of every family of ops, the same for equal seeds. */
import type { Families } from "./random_cases/case.ts";
import { CHANNELS } from "./random_cases/channels.ts";
import { CONVOLUTIONS } from "./random_cases/convolutions.ts";
import { ELEMENTWISE } from "./random_cases/elementwise.ts";
import { IMAGES } from "./random_cases/images.ts";
import { LOSSES } from "./random_cases/losses.ts";
import { MATRIX_PRODUCTS } from "./random_cases/matrix_products.ts";
import { NORMALIZATION } from "./random_cases/normalization.ts";
import { POOLS } from "./random_cases/pools.ts";
import { SUMS } from "./random_cases/sums.ts";
import { UPDATES } from "./random_cases/updates.ts";

/** The families by name. Together they use every op; see `tests/ops/random_test.ts`. */
export const FAMILIES: Families = {
  ...ELEMENTWISE,
  ...CONVOLUTIONS,
  ...POOLS,
  ...CHANNELS,
  ...NORMALIZATION,
  ...MATRIX_PRODUCTS,
  ...LOSSES,
  ...SUMS,
  ...IMAGES,
  ...UPDATES,
};
