/** All random choices about mixing the images of a batch. */
import type { RandomStream } from "../../graph/random.ts";
import { MIX_FIELDS } from "../../ops/mix.ts";
import type { PictureSize } from "../transform.ts";
import { drawBeta } from "./beta.ts";
import type { ParsedMixing } from "./options.ts";

/** A rectangle, from top and left to before bottom and right. */
type Box = readonly [top: number, left: number, bottom: number, right: number];

const NO_BOX: Box = [0, 0, 0, 0];

/** How much of an image remains. */
interface Mixture {
  /** Weight of each pixel outside the box. */
  readonly pixels: number;
  /** Weight of the whole image, and of its target. */
  readonly share: number;
  readonly box: Box;
}

const UNMIXED: Mixture = { pixels: 1, share: 1, box: NO_BOX };

/** The arrays that a draw fills, one row per image. */
interface MixingArrays {
  /** i32 [N, 5], as `ops/mix.ts` takes them. */
  readonly partners: Int32Array;
  /** f32 [N]: weight of the image's own pixels outside the box. */
  readonly shares: Float32Array;
}

/**
 * Draws the partners of the first `count` images of a batch; the others stay unchanged. Returns the weight
 * that each image and its target keeps.
 *
 * @param size of the images
 */
export function drawMixing(
  { partners, shares }: MixingArrays,
  count: number,
  size: PictureSize,
  options: ParsedMixing,
  random: RandomStream,
): Float32Array {
  const permutation = random.permutation(count);
  let mixture = UNMIXED;
  return Float32Array.from(shares, (_, row) => {
    const isImage = row < count;
    if (row === 0 || options.mode === "elem") mixture = drawMixture(size, options, random);
    const { pixels, share, box } = isImage ? mixture : UNMIXED;
    partners.set([isImage ? permutation[row] : row, ...box], MIX_FIELDS * row);
    shares[row] = pixels;
    return share;
  });
}

function drawMixture(size: PictureSize, options: ParsedMixing, random: RandomStream): Mixture {
  const { mixup, cutmix, switchProb } = options;
  const isCut = cutmix && (!mixup || random.uniform() < switchProb);
  const way = isCut ? cutmix : mixup;
  if (!way || random.uniform() >= way.prob) return UNMIXED;
  const lambda = Math.fround(drawBeta(way.alpha, random));
  if (!isCut) return { pixels: lambda, share: lambda, box: NO_BOX };
  const centre = { y: random.integer(size.height), x: random.integer(size.width) };
  return { pixels: 1, ...boxOf(size, lambda, centre) };
}

/**
 * The rectangle of another image that leaves an image the weight `lambda`, or more if it is clipped at the
 * edges: `share`.
 */
export function boxOf(
  { height, width }: PictureSize,
  lambda: number,
  centre: { readonly y: number; readonly x: number },
): { readonly box: Box; readonly share: number } {
  const side = Math.sqrt(1 - lambda);
  const range = (length: number, middle: number) => {
    const half = Math.floor(Math.trunc(length * side) / 2);
    return [Math.max(0, middle - half), Math.min(length, middle + half)];
  };
  const [[top, bottom], [left, right]] = [range(height, centre.y), range(width, centre.x)];
  const area = (bottom - top) * (right - left);
  return { box: [top, left, bottom, right], share: 1 - area / (height * width) };
}
