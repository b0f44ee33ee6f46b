/** What a kind of convolution is: how models request one, and its entry in the registry. */
import type { Entry, z } from "../../schema/entry.ts";
import type { BatchNorm2dOptions } from "../batch_norm_options.ts";
import type { Conv2dOptions } from "../convolution_options.ts";
import type { Module, StateDict } from "../module.ts";

/** A place for a convolution in a model. */
export interface ConvolutionPlace extends Conv2dOptions {
  /**
   * Options of the batch norm after it, for kinds that have their own batch norms. Default:
   * PyTorch's.
   */
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
   * A convolution of this kind. Throws InputError for options that do not fit; `at` is the path of
   * the kind's own option.
   */
  build(place: ConvolutionPlace, own: z.output<S>): Module;
  /** The form of tensors in another implementation of the kind, if there is one. */
  readonly foreign?: ForeignForm<S>;
}

/** The form of a layer's tensors in another implementation's state dict. */
export interface ForeignForm<S extends z.ZodObject = z.ZodObject> {
  /**
   * The kind's own options that the names in a file indicate; undefined if it has no such layer.
   */
  recognizes(names: readonly string[]): z.input<S> | undefined;
  /**
   * A layer's tensors as they are in a file, by their names within the layer, as the layer itself
   * names them. Returns them unchanged if it does not know the layer or the names.
   */
  adopt(layer: Module, tensors: StateDict): StateDict;
  /**
   * Extra tensors of the other implementation, besides the layer's own; undefined for a layer of
   * another kind. Throws InputError for a layer that has no such form.
   */
  additions(layer: Module): StateDict | undefined;
}
