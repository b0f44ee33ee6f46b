/** Distinguishable images in memory. */
import { type ImageShape, imageSize } from "../../datasets/image_source.ts";
import { emptyLabelled, type MemorySource } from "../../datasets/sources/memory.ts";

/** Images 0, 1, …, each with its number as its label and as every pixel. */
export function numberedImages(count: number, shape: ImageShape): MemorySource {
  const { source, labels } = emptyLabelled(count, shape);
  const size = imageSize(shape);
  for (let i = 0; i < count; i++) {
    source.images.fill(i, i * size, (i + 1) * size);
    labels[i] = i;
  }
  return source;
}
