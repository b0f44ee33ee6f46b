/** What a kind of convolution is: how models ask for one, and what the registry says about it. */
import type { Entry, z } from "../../schema/entry.ts";
import type { BatchNorm2dOptions } from "../batch_norm_options.ts";
import type { Conv2dOptions } from "../convolution_options.ts";
import type { Module, StateDict } from "../module.ts";

/** A place for a convolution in a model. */
export interface ConvolutionPlace extends Conv2dOptions {
  /** What the batch norm behind it is like, for kinds that have batch norms of their own. Default: PyTorch's. */
  readonly batchNorm?: BatchNorm2dOptions;
}

/**
 * Makes a model's convolutions: for each place in the model a module that takes [N, inChannels, H, W]
 * to [N, outChannels, oH, oW] as a `Conv2d` of these options would.
 */
export type ConvolutionFactory = (place: ConvolutionPlace) => Module;

/** How a model or a list of layers makes its convolutions. */
export interface ConvolutionOptions {
  /** Makes each of them. Default: plain ones, `(options) => new Conv2d(options)`. */
  readonly convolution?: ConvolutionFactory;
}

/** A kind of convolution that can be chosen by name. */
export interface ConvolutionEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  /**
   * A convolution of this kind. Throws InputError for options that do not fit; `at` says which of
   * the kind's own does not.
   */
  build(place: ConvolutionPlace, own: z.output<S>): Module;
  /** How another implementation of the kind keeps its tensors, if there is one. */
  readonly foreign?: ForeignForm<S>;
}

/** The form in which another implementation of a layer keeps its tensors in a state dict. */
export interface ForeignForm<S extends z.ZodObject = z.ZodObject> {
  /** The kind's own options that the names in a file speak for; undefined if it has no such layer. */
  recognizes(names: readonly string[]): z.input<S> | undefined;
  /**
   * A layer's tensors as they are in a file, by their names within the layer, as the layer itself
   * names them. Gives them back as they are where it does not know the layer or the names.
   */
  adopt(layer: Module, tensors: StateDict): StateDict;
  /**
   * What the other implementation keeps beside the layer's own tensors; undefined for a layer of
   * another kind. Throws InputError for a layer that has no such form.
   */
  additions(layer: Module): StateDict | undefined;
}
