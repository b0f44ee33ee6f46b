/** Pooling layers, without parameters. */
import type { Value } from "../graph/types.ts";
import { avgPool2d, type AvgPool2dOptions } from "../ops/avg_pool2d.ts";
import { globalAvgPool2d } from "../ops/global_avg_pool2d.ts";
import { maxPool2d, type MaxPool2dOptions } from "../ops/max_pool2d.ts";
import { Module } from "./module.ts";

/** The largest element of each window of [N, C, H, W]. Matches `torch.nn.MaxPool2d`. */
export class MaxPool2d extends Module {
  /** Options are checked by {@link forward}. */
  constructor(readonly options: MaxPool2dOptions) {
    super();
  }

  /** [N, C, H, W] → [N, C, oH, oW]. Throws InputError where shape or options do not fit. */
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

  /** [N, C, H, W] → [N, C, oH, oW]. Throws InputError where shape or options do not fit. */
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
