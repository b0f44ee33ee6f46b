/** Options of mixing images of a training batch, with timm's names. */
import { type OptionsOf, type ParsedOptionsOf, parseOptions, z } from "../../schema/entry.ts";

const way = (what: string) =>
  z.strictObject({
    alpha: z.number().positive().max(1000).default(1).describe(
      "How evenly images are mixed: weights are drawn from Beta(alpha, alpha)",
    ),
    prob: z.number().min(0).max(1).default(1).describe("Probability, from 0 to 1"),
  }).optional().describe(what);

const schema = z.object({
  mixup: way("Blend each image with another (H. Zhang and others, 2018)"),
  cutmix: way("Paste a rectangle of another image into each (S. Yun and others, 2019)"),
  switchProb: z.number().min(0).max(1).default(0.5).describe(
    "Probability of cutmix if both are enabled, from 0 to 1",
  ),
  mode: z.enum(["batch", "elem"]).default("batch").describe(
    "batch: one draw for all images of a batch; elem: one per image",
  ),
}).refine(({ mixup, cutmix }) => mixup || cutmix, "expected mixup, cutmix or both");

/** The options of mixing, documented and with their defaults. */
export const MIXING = { about: "How images of a training batch are mixed", schema };

/** How images of a training batch are mixed; at least one method is required. */
export type MixingOptions = Readonly<OptionsOf<typeof MIXING>>;

/** The same with every default filled in. */
export type ParsedMixing = Readonly<ParsedOptionsOf<typeof MIXING>>;

/** Throws InputError, `at` the option, for one that does not fit. */
export function parseMixing(options: MixingOptions): ParsedMixing {
  return parseOptions(MIXING, options, "");
}
