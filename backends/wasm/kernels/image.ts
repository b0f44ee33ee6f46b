/** Where the images of a tensor are stored. */

import type { Shape, Value } from "../../../graph/types.ts";
import type { Lowering, Ref } from "../kernel.ts";

/** A channels-last tensor in memory. */
export interface Image {
  readonly ref: Ref;
  readonly channels: number;
  readonly pixelBytes: number;
  readonly height: number;
  readonly width: number;
}

/** A channels-last value in memory, for a kernel whose loops cover this shape. */
export function imageOf(lowering: Lowering, value: Value, covered: Shape): Image {
  const ref = lowering.ref(value, covered);
  const { channels, paddedChannels } = lowering.layout(value);
  const [height, width] = value.shape.slice(2);
  return { ref, channels, pixelBytes: 4 * paddedChannels, height, width };
}
