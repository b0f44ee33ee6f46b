/** What a layer in a list of layers is. */
import { InputError } from "../errors.ts";
import { formatShape, type Shape } from "../graph/types.ts";
import { type Entry, z } from "../schema/entry.ts";
import type { ConvolutionOptions } from "./convolutions/entry.ts";
import type { Module } from "./module.ts";

/** A layer that can be built by name. Option names and defaults are PyTorch's in camelCase. */
export interface LayerEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  /**
   * The layer for an input of shape `inputShape`, [C, H, W] or [F] without the batch, which
   * determines sizes that are not among the options. Throws InputError for an input it cannot take.
   */
  build(options: z.output<S>, inputShape: Shape, defaults: ConvolutionOptions): Module;
}

/** The entry of a layer that its options determine. */
export function layerEntry<S extends z.ZodObject>(
  about: string,
  schema: S,
  build: (options: z.output<S>) => Module,
): LayerEntry<S> {
  return { about, schema, build };
}

const noOptions = z.strictObject({});

export function plainLayer(about: string, build: () => Module): LayerEntry<typeof noOptions> {
  return layerEntry(about, noOptions, build);
}

/** The channels of a layer's input. Throws InputError unless it is [C, H, W]. */
export function channelsOf(inputShape: Shape): number {
  if (inputShape.length !== 3) {
    throw new InputError(
      `its input has shape ${formatShape(inputShape)}, not [channels, height, width]`,
    );
  }
  return inputShape[0];
}
