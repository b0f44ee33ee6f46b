/** Where the images of a tensor lie. */

import type { Value } from "../../../graph/types.ts";
import type { Lowering, Ref } from "../kernel.ts";

/** A channels-last tensor in memory. */
export interface Image {
  readonly ref: Ref;
  readonly channels: number;
  readonly pixelBytes: number;
  readonly height: number;
  readonly width: number;
}

/** A channels-last value in memory. */
export function imageOf(lowering: Lowering, value: Value): Image {
  const { channels, paddedChannels } = lowering.layout(value);
  const [height, width] = value.shape.slice(2);
  return { ref: lowering.ref(value), channels, pixelBytes: 4 * paddedChannels, height, width };
}
