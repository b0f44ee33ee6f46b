/** Checking a network that was folded or exported against the one it came from. */

import type { CheckpointHeader } from "../checkpoints/checkpoint.ts";
import { parseStored } from "../config/load.ts";
import { type ImageShape, imageSize, type ImageSource } from "../datasets/image_source.ts";
import { BatchLoader } from "../datasets/loader.ts";
import { UserError } from "../errors.ts";
import { noisePixels } from "../networks/finite.ts";
import type { FoldVerification } from "../networks/fold.ts";
import { formatCount, formatPercent } from "../reporting/format.ts";
import type { Context } from "./command.ts";
import { loadImages } from "./load_data.ts";

/** Images that are compared. */
const VERIFICATION_IMAGES = 256;

/** How many of them are prepared at once. */
const AT_ONCE = 16;

/** Bytes of noise that are enough, where a picture is large. */
const NOISE_BYTES = 2 ** 26;

/** The images of a source that networks are compared on, the first ones: u8 [count, H, W, C]. */
export async function firstImages(source: ImageSource): Promise<Uint8Array> {
  const count = Math.min(VERIFICATION_IMAGES, source.count);
  const size = imageSize(source.shape);
  const pixels = new Uint8Array(count * size);
  // By a worker, where files have to be decoded.
  using loader = new BatchLoader(source.slice(0, count), { batchSize: AT_ONCE });
  for await (const { index, count, arrays } of loader.epoch(0)) {
    pixels.set(arrays.pixels.subarray(0, count * size), index * AT_ONCE * size);
  }
  return pixels;
}

/** Images to compare networks on. */
export interface VerificationImages {
  /** u8 [count, H, W, C]. */
  readonly pixels: Uint8Array;
  /** What they are, for a person. */
  readonly kind: string;
}

/**
 * The first validation images of a run if they are on this machine and of the network's size, else
 * noise.
 *
 * @param path the network's file, for messages
 * @param network its `config` is that of the run, as a checkpoint holds it; undefined if not known
 */
export async function verificationImages(
  path: string,
  { config, description: { input } }: Pick<CheckpointHeader, "config" | "description">,
  context: Context,
): Promise<VerificationImages> {
  try {
    const run = parseStored(config ?? null, path);
    const { validation } = await loadImages(run, context, { isNamed: false });
    if (imageSize(validation.shape) === imageSize(input)) {
      return { pixels: await firstImages(validation), kind: "validation images" };
    }
  } catch (error) {
    // A stranger's config may also name a place that Deno keeps programs out of.
    if (!(error instanceof UserError || error instanceof Deno.errors.NotCapable)) throw error;
  }
  return noiseImages(input);
}

/** Images of noise, the same ones each time. */
export function noiseImages(input: ImageShape): VerificationImages {
  const count = Math.min(VERIFICATION_IMAGES, Math.ceil(NOISE_BYTES / imageSize(input)));
  return { pixels: noisePixels(input, count), kind: "images of noise" };
}

/** A comparison in a line for a person; `output` is what the network gives. */
export function describeVerification(
  found: FoldVerification,
  kind: string,
  output = "logit",
): string {
  const { maxAbsDifference, maxRelativeDifference, count } = found;
  const { top1Agreement, decisionAgreement = NaN } = found;
  const agreement = top1Agreement === undefined
    ? `agreement of decisions ${formatPercent(decisionAgreement)}`
    : `top-1 agreement ${formatPercent(top1Agreement)}`;
  return `on ${formatCount(count)} ${kind} the largest difference of a ${output} is ` +
    `${maxAbsDifference.toExponential(1)} (${maxRelativeDifference.toExponential(1)} ` +
    `relative), ${agreement}`;
}
