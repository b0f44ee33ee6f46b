/** Checks a folded or exported network against its source. */

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

/** Number of images to compare. */
const VERIFICATION_IMAGES = 256;

/** Images that are prepared at once. */
const AT_ONCE = 16;

/** Most bytes of noise, for large images. */
const NOISE_BYTES = 2 ** 26;

/** The first images of a source, to compare networks on: u8 [count, H, W, C]. */
export async function firstImages(source: ImageSource): Promise<Uint8Array> {
  const count = Math.min(VERIFICATION_IMAGES, source.count);
  const size = imageSize(source.shape);
  const pixels = new Uint8Array(count * size);
  // Files are decoded by a worker.
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
  readonly kind: string;
}

/**
 * The first validation images of a run if they are on this machine and match the network's size, else
 * noise.
 *
 * @param path the network's file, for messages
 * @param network its `config` is that of the run, as stored in a checkpoint; undefined if unknown
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
    // An untrusted config may also name a place that Deno denies programs.
    if (!(error instanceof UserError || error instanceof Deno.errors.NotCapable)) throw error;
  }
  return noiseImages(input);
}

/** Images of noise, always the same ones. */
export function noiseImages(input: ImageShape): VerificationImages {
  const count = Math.min(VERIFICATION_IMAGES, Math.ceil(NOISE_BYTES / imageSize(input)));
  return { pixels: noisePixels(input, count), kind: "images of noise" };
}

/** The result of a comparison in one line; `output` names the network's output. */
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
  return `on ${formatCount(count)} ${kind} the largest ${output} difference is ` +
    `${maxAbsDifference.toExponential(1)} (${maxRelativeDifference.toExponential(1)} ` +
    `relative), ${agreement}`;
}
