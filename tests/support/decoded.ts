/** Decodes image files for tests. */
import { fromFileUrl } from "@std/path";
import { decodePicture } from "../../files/decode.ts";
import { toImageData } from "../../files/raster.ts";

/** The path of an image in the fixtures. */
export function fixturePath(name: string): string {
  return fromFileUrl(new URL(`../fixtures/pictures/${name}`, import.meta.url));
}

/** The bytes of an image file in the fixtures. */
export function pictureFixture(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return Deno.readFile(fixturePath(name));
}

/** A decoded image, and the damage of its file. */
export interface Decoded {
  readonly picture: ImageData;
  readonly damage: readonly string[];
}

/** Decodes a file, damaged or not. */
export async function decoded(bytes: Uint8Array<ArrayBuffer>): Promise<Decoded> {
  const damage: string[] = [];
  const picture = await decodePicture(bytes, (found) => void damage.push(found));
  return { picture: toImageData(picture), damage };
}

/** A copy of a file with these bytes from `at` on. */
export function patched(
  file: Uint8Array<ArrayBuffer>,
  at: number,
  ...bytes: readonly number[]
): Uint8Array<ArrayBuffer> {
  const copy = file.slice();
  copy.set(bytes, at);
  return copy;
}

/** The red values of an image, row by row. */
export function reds({ data, width }: ImageData): number[][] {
  const values = Array.from(data).filter((_, i) => i % 4 === 0);
  return Array.from(
    { length: values.length / width },
    (_, y) => values.slice(y * width, (y + 1) * width),
  );
}

/** The alpha values of an image, row by row. */
export function alphas({ data, width, height }: ImageData): number[][] {
  return Array.from(
    { length: height },
    (_, y) => Array.from({ length: width }, (_, x) => Number(data[4 * (y * width + x) + 3])),
  );
}
