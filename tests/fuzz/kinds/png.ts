import { deflateSync, inflateSync } from "node:zlib";
import { readImage } from "../../../files/images.ts";
import type { RandomStream } from "../../../graph/random.ts";
import { pick } from "../../support/pick.ts";
import {
  PNG_KINDS,
  pngChunk,
  pngFile,
  pngHeader,
  type PngKind,
  pngPixels,
} from "../../support/png.ts";
import { damage } from "../bytes.ts";
import type { Kind } from "../kind.ts";

/** PNG images, with valid checksums despite most mutations. */
export const png: Kind = {
  file: "picture.png",
  samples: () =>
    PNG_KINDS.flatMap(({ colour, samples, depths }, i) =>
      [depths[0], depths.at(-1)!].map((depth, j) =>
        picture({ width: 7, height: 5, colour, depth, isInterlaced: (i + j) % 2 === 1 }, samples)
      )
    ),
  mutate(sound, random) {
    let chunks = chunksOf(sound);
    for (let times = 1 + random.integer(2); times > 0 && chunks.length > 0; times--) {
      chunks = pick(EDITS, random)(chunks, random.integer(chunks.length), random);
    }
    return fileOf(chunks);
  },
  async read(path) {
    const size = { height: 5, width: 6, channels: 3 };
    await readImage(path, size, { ground: [255, 255, 255], damaged: true });
  },
};

/** Orientation 6, as a camera writes it. */
const EXIF = Uint8Array.of(
  ...[0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0],
);

function picture(kind: PngKind, perPixel: number): Uint8Array {
  const { width, height, colour, depth } = kind;
  const length = width * height * perPixel;
  const samples = Array.from({ length }, (_, i) => (i * 37) % 2 ** Math.min(depth, 4));
  const palette = [
    pngChunk("PLTE", new Uint8Array(48).map((_, i) => 5 * i)),
    pngChunk("tRNS", Uint8Array.of(0, 128, 255)),
  ];
  return pngFile(
    pngHeader(kind),
    ...(colour === 3 ? palette : []),
    pngChunk("gAMA", Uint8Array.of(0, 0, 0xb1, 0x8f)),
    pngChunk("eXIf", EXIF),
    pngChunk("tEXt", new TextEncoder().encode("Comment\0tiny")),
    pngChunk("IDAT", pngPixels(kind, samples)),
    pngChunk("IEND", new Uint8Array()),
  );
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

function fileOf(chunks: readonly Chunk[]): Uint8Array {
  return pngFile(...chunks.map(({ type, data }) => pngChunk(type, data)));
}

function chunksOf(file: Uint8Array): Chunk[] {
  const view = new DataView(file.buffer, file.byteOffset);
  const chunks: Chunk[] = [];
  for (let at = 8; at < file.length;) {
    const length = view.getUint32(at);
    const type = new TextDecoder().decode(file.subarray(at + 4, at + 8));
    chunks.push({ type, data: file.slice(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return chunks;
}

const TYPES = [
  "IHDR",
  "PLTE",
  "IDAT",
  "IEND",
  "tRNS",
  "eXIf",
  "iCCP",
  "zTXt",
  "acTL",
  "fdAT",
  "xxXx",
];

type Edit = (chunks: Chunk[], at: number, random: RandomStream) => Chunk[];

const EDITS: readonly Edit[] = [
  (chunks, at) => chunks.toSpliced(at, 1),
  (chunks, at, random) => chunks.toSpliced(random.integer(chunks.length), 0, chunks[at]),
  (chunks, at, random) => chunks.with(at, { ...chunks[at], type: pick(TYPES, random) }),
  (chunks, at, random) => chunks.with(at, { ...chunks[at], data: damage(chunks[at].data, random) }),
  // Changes the header.
  (chunks, _, random) =>
    chunks.map((chunk) => {
      if (chunk.type !== "IHDR" || chunk.data.length < 13) return chunk;
      const data = chunk.data.slice();
      const field = random.integer(7);
      const size = pick([0, 1, 6, 8, 255, 32767, 65535, 2 ** 20, 2 ** 31 - 1, 2 ** 31], random);
      if (field < 2) new DataView(data.buffer).setUint32(4 * field, size);
      else data[6 + field] = pick([0, 1, 2, 3, 4, 5, 6, 8, 16, 255], random);
      return { ...chunk, data };
    }),
  // Replaces rows, with a valid compression, by damaged, fewer or more ones.
  (chunks, _, random) =>
    chunks.map((chunk) => {
      if (chunk.type !== "IDAT") return chunk;
      try {
        const rows = random.integer(8)
          ? damage(inflateSync(chunk.data), random)
          : new Uint8Array(2 ** 20);
        return { ...chunk, data: deflateSync(rows) };
      } catch {
        return chunk;
      }
    }),
];
