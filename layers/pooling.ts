/** Pooling layers, without parameters. */
import type { Value } from "../graph/types.ts";
import { adaptiveAvgPool2d } from "../ops/adaptive_avg_pool2d.ts";
import { avgPool2d, type AvgPool2dOptions } from "../ops/avg_pool2d.ts";
import type { Pair } from "../ops/convolution_geometry.ts";
import { globalAvgPool2d } from "../ops/global_avg_pool2d.ts";
import { maxPool2d, type MaxPool2dOptions } from "../ops/max_pool2d.ts";
import { z } from "../schema/entry.ts";
import { layerEntry, plainLayer } from "./layer_entry.ts";
import { Module } from "./module.ts";
import { padding, size } from "./sizes.ts";

/** The largest element of each window of [N, C, H, W]. Matches `torch.nn.MaxPool2d`. */
export class MaxPool2d extends Module {
  /** Options are checked by {@link forward}. */
  constructor(readonly options: MaxPool2dOptions) {
    super();
  }

  /** [N, C, H, W] → [N, C, oH, oW]. Throws InputError if shape or options do not fit. */
  forward(input: Value): Value {
    return maxPool2d(input, this.options).output;
  }
}

/** The mean of each window of [N, C, H, W]. Matches `torch.nn.AvgPool2d`. */
export class AvgPool2d extends Module {
  /** Options are checked by {@link forward}. */
  constructor(readonly options: AvgPool2dOptions) {
    super();
  }

  /** [N, C, H, W] → [N, C, oH, oW]. Throws InputError if shape or options do not fit. */
  forward(input: Value): Value {
    return avgPool2d(input, this.options);
  }
}

/** The mean of each channel: [N, C, H, W] → [N, C, 1, 1]. Matches `torch.nn.AdaptiveAvgPool2d(1)`. */
export class GlobalAvgPool2d extends Module {
  /** [N, C, H, W] → [N, C, 1, 1]. Throws InputError for an input without four axes. */
  forward(input: Value): Value {
    return globalAvgPool2d(input);
  }
}

/**
 * The means of windows, which reduce an image of any size to `outputSize`. Matches
 * `torch.nn.AdaptiveAvgPool2d`.
 */
export class AdaptiveAvgPool2d extends Module {
  /**
   * The size is checked by {@link forward}.
   *
   * @param outputSize height and width of the result, or one number for both
   */
  constructor(readonly outputSize: number | Pair) {
    super();
  }

  /** [N, C, H, W] → [N, C, oH, oW]. Throws InputError where shape or size do not fit. */
  forward(input: Value): Value {
    return adaptiveAvgPool2d(input, this.outputSize);
  }
}

const windowSchema = z.strictObject({
  kernelSize: size.describe("Window: one number, or [height, width]"),
  stride: size.optional().describe("Stride; the window's size by default"),
  padding: padding.optional().describe("Padding on every side; 0 by default"),
  ceilMode: z.boolean().optional().describe("Round output sizes up; false by default"),
});

const maxSchema = windowSchema.extend({
  dilation: size.optional().describe("Distance of window taps; 1 by default"),
});

export const maxPool2dLayer = layerEntry(
  "Max pooling",
  maxSchema,
  (options) => new MaxPool2d(options),
);

const averageSchema = windowSchema.extend({
  countIncludePad: z.boolean().optional().describe(
    "Whether padding counts in the average; true by default",
  ),
  divisorOverride: z.number().positive().optional().describe(
    "Divides each sum instead of the number of elements",
  ),
});

export const avgPool2dLayer = layerEntry(
  "Average pooling",
  averageSchema,
  (options) => new AvgPool2d(options),
);

export const globalAvgPool2dLayer = plainLayer(
  "Mean over all positions, one number per channel",
  () => new GlobalAvgPool2d(),
);

const adaptiveSchema = z.strictObject({
  outputSize: size.describe("Size of the result: one number, or [height, width]"),
});

export const adaptiveAvgPool2dLayer = layerEntry(
  "Average pooling to a given size",
  adaptiveSchema,
  ({ outputSize }) => new AdaptiveAvgPool2d(outputSize),
);
