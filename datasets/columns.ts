/** Images in MATLAB's layout: plane by plane, each column by column. */
import type { ImageShape } from "./image_source.ts";

/** Converts such an image to rows with channels last. */
export function takeColumns(
  planes: Uint8Array,
  into: Uint8Array,
  { height, width, channels }: ImageShape,
): void {
  let to = 0;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (let channel = 0; channel < channels; channel++) {
        into[to++] = planes[row + height * (column + width * channel)];
      }
    }
  }
}
