/** The kinds of convolution for models, by name. */
import type { OptionPath } from "../errors.ts";
import { type Choice, choiceOf } from "../schema/entry.ts";
import { acnet } from "./convolutions/acnet.ts";
import { dbb } from "./convolutions/dbb.ts";
import type { ConvolutionEntry, ConvolutionFactory, ForeignForm } from "./convolutions/entry.ts";
import { mobileOne } from "./convolutions/mobile_one.ts";
import { repConv } from "./convolutions/rep_conv.ts";
import { repVgg } from "./convolutions/rep_vgg.ts";
import { factoryAmong, KERNELS } from "./kernels.ts";
import type { Module, StateDict } from "./module.ts";

/** What `convolution` of a model or a layer can name. */
export const CONVOLUTIONS = {
  ...KERNELS,
  rep_vgg: repVgg,
  rep_conv: repConv,
  acnet,
  dbb,
  mobile_one: mobileOne,
} satisfies Record<string, ConvolutionEntry>;

export const convolutionSpecSchema = choiceOf(CONVOLUTIONS).meta({ id: "convolution" });

/** A kind of convolution and its own options: `do_conv`, or `{ name: "do_conv", … }`. */
export type ConvolutionSpec = Choice<typeof CONVOLUTIONS>;

/**
 * The factory of a kind of convolution. Throws InputError for an unknown kind or unknown options;
 * the factory throws it for options that do not fit a convolution.
 *
 * @param at the path of the choice, for errors about the kind's own options
 */
export function convolutionFactory(
  spec: ConvolutionSpec | { readonly name: string },
  at: OptionPath = [],
): ConvolutionFactory {
  return factoryAmong(CONVOLUTIONS, spec, at);
}

function foreignForms(): ForeignForm[] {
  return Object.values<ConvolutionEntry>(CONVOLUTIONS)
    .flatMap(({ foreign }) => foreign ?? []);
}

/** The kind of convolution that a file's tensor names indicate; `conv` by default. */
export function recognizeConvolution(names: readonly string[]): ConvolutionSpec {
  for (const [name, { foreign }] of Object.entries<ConvolutionEntry>(CONVOLUTIONS)) {
    const own = foreign?.recognizes(names);
    if (own) return (Object.keys(own).length === 0 ? name : { name, ...own }) as ConvolutionSpec;
  }
  return "conv";
}

/** A layer's tensors in a file, by their names within the layer, as the layer itself names them. */
export function adoptTensors(layer: Module, tensors: StateDict): StateDict {
  return foreignForms().reduce((known, form) => form.adopt(layer, known), tensors);
}

/**
 * Extra tensors of another implementation of a layer, by their names within the layer; undefined if
 * there is no other implementation. Throws InputError for a layer that it computes differently.
 */
export function foreignAdditions(layer: Module): StateDict | undefined {
  for (const { additions } of foreignForms()) {
    const found = additions(layer);
    if (found) return found;
  }
  return undefined;
}
