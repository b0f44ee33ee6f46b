/** Kinds of convolution without their own batch norms; kinds with parallel branches nest them. */
import { type OptionPath, within } from "../errors.ts";
import { type Choice, choiceOf, chosen, type Registry, z } from "../schema/entry.ts";
import { conv } from "./convolutions/conv.ts";
import { doConv } from "./convolutions/do_conv.ts";
import type { ConvolutionEntry, ConvolutionFactory } from "./convolutions/entry.ts";
import { expandNet } from "./convolutions/expand_net.ts";
import { orepa } from "./convolutions/orepa.ts";

/** What `convolution` of a kind with branches can name. */
export const KERNELS = {
  conv,
  do_conv: doConv,
  expand_net: expandNet,
  orepa,
} satisfies Record<string, ConvolutionEntry>;

/** Options of a kind whose branches nest another. */
export const nestingSchema = z.strictObject({
  convolution: choiceOf(KERNELS).default("conv").describe("Kind of its largest kernel"),
});

type Nesting = z.output<typeof nestingSchema>;

/** The factory of the kind that is nested. Throws InputError as {@link factoryAmong}. */
export function nestedFactory({ convolution }: Nesting): ConvolutionFactory {
  return factoryAmong(KERNELS, convolution, ["convolution"]);
}

/**
 * The factory of a kind of convolution. Throws InputError for an unknown kind or unknown options;
 * the factory throws it for options that do not fit a convolution.
 *
 * @param at the path of the choice, for errors about the kind's own options
 */
export function factoryAmong<R extends Registry<ConvolutionEntry>>(
  registry: R,
  spec: Choice<R> | string | { readonly name: string },
  at: OptionPath,
): ConvolutionFactory {
  const { entry, options: own } = within(
    at,
    () => chosen<ConvolutionEntry>(registry, spec as { readonly name: string }, "convolution"),
  );
  return (place) => within(at, () => entry.build(place, own));
}
