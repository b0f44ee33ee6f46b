/** Checks whether two processes have the same images. */
import { createHash } from "node:crypto";
import { imageSize, type ImageSource } from "./image_source.ts";

/** Most bytes of images hashed. */
const MAX_BYTES = 2 ** 28;

/**
 * A fingerprint of the images' number, extents, targets and pixels; of a large number, the pixels of a
 * sample. Pixels in image files are not included: reading them takes as long as an epoch.
 * Rejects like the source's `read`.
 */
export async function checksumOf(source: ImageSource): Promise<string> {
  const { count, shape, targets, reads } = source;
  const hash = createHash("sha256").update(JSON.stringify({ count, shape }));
  for (const [name, { data }] of Object.entries(targets)) hash.update(name).update(data);
  if (!reads) {
    const pixels = new Uint8Array(imageSize(shape));
    const every = Math.ceil(count * pixels.length / MAX_BYTES);
    for (let image = 0; image < count; image += every) {
      await source.read(image, 0, pixels);
      hash.update(pixels);
    }
  }
  return `${count} images, ${hash.digest("hex").slice(0, 16)}`;
}
