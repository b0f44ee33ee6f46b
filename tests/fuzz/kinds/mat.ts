import { deflateSync, inflateSync } from "node:zlib";
import { matricesIn } from "../../../datasets/mat.ts";
import { concatenate, damage } from "../bytes.ts";
import type { Kind } from "../kind.ts";

const FIXTURES = new URL("../../fixtures/datasets/", import.meta.url);
const HEADER_BYTES = 128;
const TAG_BYTES = 8;
const PACKED = 15;
const MAX_NUMBERS = 1000;

/** MATLAB files; compressed matrices are decompressed, damaged and compressed again. */
export const mat: Kind = {
  file: "a.mat",
  samples: () =>
    ["svhn_plain.mat", "setid.mat"].map((name) => Deno.readFileSync(new URL(name, FIXTURES))),
  mutate(sound, random) {
    const view = new DataView(sound.buffer, sound.byteOffset);
    if (view.getUint32(HEADER_BYTES, true) !== PACKED) return damage(sound, random);
    const from = HEADER_BYTES + TAG_BYTES;
    const to = from + view.getUint32(HEADER_BYTES + 4, true);
    const packed = deflateSync(damage(inflateSync(sound.subarray(from, to)), random));
    const tag = new Uint8Array(TAG_BYTES);
    const tagView = new DataView(tag.buffer);
    tagView.setUint32(0, PACKED, true);
    tagView.setUint32(4, packed.length, true);
    return concatenate([sound.subarray(0, HEADER_BYTES), tag, packed, sound.subarray(to)]);
  },
  async read(path) {
    using file = await Deno.open(path);
    for await (const matrix of matricesIn(file.readable, path)) await matrix.numbers(MAX_NUMBERS);
  },
};
