/** Where random erasing erases. */
import type { RandomStream } from "../../graph/random.ts";
import type { Erasing } from "../augmentation.ts";
import type { PictureSize } from "../transform.ts";
import { drawSides } from "../transforms/draws.ts";

/** Rectangles tried before nothing is erased. */
const TRIALS = 10;

/** The rectangle to erase, drawn like torchvision's; of height 0 if none fits. */
export function drawErased(
  { height, width }: PictureSize,
  { p, scale, ratio }: Pick<Erasing, "p" | "scale" | "ratio">,
  random: RandomStream,
): readonly [top: number, left: number, height: number, width: number] {
  if (random.uniform() >= p) return [0, 0, 0, 0];
  for (let trial = 0; trial < TRIALS; trial++) {
    const [rows, columns] = drawSides(height * width, { scale, ratio }, random);
    if (rows >= height || columns >= width) continue;
    const top = random.integer(height - rows + 1);
    return [top, random.integer(width - columns + 1), rows, columns];
  }
  return [0, 0, 0, 0];
}
