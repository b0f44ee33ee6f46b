/** Images in memory that can be told apart. */
import type { ImageShape } from "../../datasets/image_source.ts";
import { emptyLabelled, type MemorySource } from "../../datasets/sources/memory.ts";
import { imageAt } from "../../datasets/waves.ts";

/** Images 0, 1, …, each with its number as label and as every pixel. */
export function numberedImages(count: number, shape: ImageShape): MemorySource {
  const { source, labels } = emptyLabelled(count, shape);
  for (let i = 0; i < count; i++) {
    imageAt(source.images, i, shape).fill(i);
    labels[i] = i;
  }
  return source;
}
