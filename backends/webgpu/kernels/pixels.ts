/** Dispatches over images, channels last: one invocation per four channels of a pixel. */
import type { Shape } from "../../../graph/types.ts";
import type { Pair } from "../../../ops/convolution_geometry.ts";
import type { DispatchRequest, Lowering } from "../kernel.ts";
import pixel from "./pixel.wgsl" with { type: "text" };

/** A dispatch over pixels; its WGSL follows `pixel.wgsl`. */
export interface PixelRequest
  extends Pick<DispatchRequest, "name" | "reads" | "writes" | "constants"> {
  readonly wgsl: readonly string[];
}

/**
 * Adds a dispatch with one invocation per vector of the pixels of images [N, C, H, W].
 *
 * @param otherSize height and width of images that are read
 */
export function eachPixel(
  [batch, channels, height, width]: Shape,
  otherSize: Pair,
  request: PixelRequest,
  lowering: Lowering,
): void {
  const vectors = Math.ceil(channels / 4);
  lowering.eachItem({
    ...request,
    items: batch * height * width * vectors,
    constants: {
      BATCH: batch,
      CHANNELS: channels,
      HEIGHT: height,
      WIDTH: width,
      VECTORS: vectors,
      OTHER_HEIGHT: otherSize[0],
      OTHER_WIDTH: otherSize[1],
      ...request.constants,
    },
    wgsl: [pixel, ...request.wgsl].join("\n"),
  });
}
