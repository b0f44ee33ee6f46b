/** Images in the simpler formats: mutated fixtures. */
import { readImage } from "../../../files/images.ts";
import type { RandomStream } from "../../../graph/random.ts";
import { pick } from "../../support/pick.ts";
import { damage } from "../bytes.ts";
import type { Kind } from "../kind.ts";

const FIXTURES = new URL("../../fixtures/pictures/", import.meta.url);

/** Values for a size, an offset or a count. */
const NUMBERS = [0, 1, 2, 7, 8, 255, 256, 4095, 4096, 65535, 65536, 2 ** 31 - 1, 2 ** 32 - 1];

/** WebP images; most have the right length in the header. */
export const webp = pictures(
  "picture.webp",
  ["webp_lossy_odd.webp", "webp_lossless_palette.webp", "webp_lossy_alpha.webp"],
  (sound, random) => {
    const changed = new Uint8Array(damage(sound, random));
    if (changed.length < 12 || random.integer(4) === 0) return changed;
    new DataView(changed.buffer).setUint32(4, changed.length - 8, true);
    return changed;
  },
);

/** Animations, of which the first frame is read. */
export const webpAnimation = pictures("picture.webp", ["webp_animated_offset.webp"]);

/** GIF images. */
export const gif = pictures(
  "picture.gif",
  ["gif_2_colours.gif", "gif_interlaced.gif", "gif_offset_frame.gif", "gif_transparent.gif"],
  (sound, random) => {
    const changed = sound.slice();
    const descriptor = random.integer(2) ? changed.lastIndexOf(0x2c) : 5;
    const at = descriptor + 1 + 2 * random.integer(4);
    new DataView(changed.buffer).setUint16(at, pick(NUMBERS, random), true);
    return random.integer(2) ? changed : damage(changed, random);
  },
);

/** BMP images; most have a changed header. */
export const bmp = pictures(
  "picture.bmp",
  ["bmp_1.bmp", "bmp_8_rle.bmp", "bmp_16_565.bmp", "bmp_24_core.bmp", "bmp_32_v4_alpha.bmp"],
  (sound, random) => {
    const changed = sound.slice();
    const at = pick([10, 14, 18, 20, 22, 26, 28, 30, 46, 54, 66], random);
    new DataView(changed.buffer).setUint16(at, pick(NUMBERS, random), true);
    return random.integer(2) ? changed : damage(changed, random);
  },
);

/** TIFF images; most have changed directory entries. */
export const tiff = pictures(
  "picture.tif",
  [
    ...["deflate", "group4", "lzw_predictor", "packbits", "palette", "rgb16", "rgb_planar"],
    ...["rgb_tiled", "rgba", "cmyk", "orientation"],
  ].map((kind) => `tiff_${kind}.tif`),
  (sound, random) => {
    const changed = sound.slice();
    const view = new DataView(changed.buffer);
    const isLittle = changed[0] === 0x49;
    const directory = view.getUint32(4, isLittle);
    for (let times = 1 + random.integer(3); times > 0; times--) {
      const at = directory + 2 + 12 * random.integer(view.getUint16(directory, isLittle));
      const number = pick([...NUMBERS, changed.length, random.uint32()], random);
      pick([
        () => view.setUint16(at, pick([256, 257, 258, 259, 277, 278, 322, 323], random), isLittle),
        () => view.setUint16(at + 2, pick([1, 3, 4, 7, 12], random), isLittle),
        () => view.setUint32(at + 4, number, isLittle),
        () => view.setUint32(at + 8, number, isLittle),
        () => view.setUint16(at + 8, pick([0, 1, 2, 3, 4, 5, 8, 16, 32773], random), isLittle),
      ], random)();
    }
    return random.integer(3) ? changed : damage(changed, random);
  },
);

/** PNM images; most have a changed header. */
export const pnm = pictures(
  "picture.ppm",
  ["pnm_p3_comment.ppm", "pnm_p4.pbm", "pnm_p5.pgm", "pnm_p6_maxval.ppm"],
  (sound, random) => {
    const text = new TextDecoder("latin1").decode(sound);
    const numbers = [...text.slice(0, 40).matchAll(/\d+/g)];
    const { index, 0: { length } } = pick(numbers, random);
    const changed = text.slice(0, index) + pick(NUMBERS, random) + text.slice(index + length);
    const bytes = Uint8Array.from(changed, (character) => character.charCodeAt(0));
    return random.integer(2) ? bytes : damage(bytes, random);
  },
);

function pictures(
  file: string,
  fixtures: readonly string[],
  mutate?: (sound: Uint8Array<ArrayBuffer>, random: RandomStream) => Uint8Array,
): Kind {
  return {
    file,
    samples: () => Promise.all(fixtures.map((name) => Deno.readFile(new URL(name, FIXTURES)))),
    ...(mutate ? { mutate: (sound, random) => mutate(new Uint8Array(sound), random) } : {}),
    async read(path) {
      const size = { height: 5, width: 6, channels: 3 };
      await readImage(path, size, { ground: [255, 255, 255], damaged: true });
    },
  };
}
