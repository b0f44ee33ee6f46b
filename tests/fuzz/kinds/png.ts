import { crc32, deflateSync, inflateSync } from "node:zlib";
import { readImage } from "../../../files/images.ts";
import type { RandomStream } from "../../../graph/random.ts";
import { concatenate, damage, pick } from "../bytes.ts";
import type { Kind } from "../kind.ts";

/** PNG pictures, most with checksums that are right all the same. */
export const png: Kind = {
  file: "picture.png",
  samples: () => FORMS.map(picture),
  mutate(sound, random) {
    let chunks = chunksOf(sound);
    for (let times = 1 + random.integer(2); times > 0 && chunks.length > 0; times--) {
      chunks = pick(EDITS, random)(chunks, random.integer(chunks.length), random);
    }
    return fileOf(chunks);
  },
  async read(path) {
    await readImage(path, { height: 5, width: 6, channels: 3 });
  },
};

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const ascii = (text: string) => new TextEncoder().encode(text);

/** Colour types with depths, with and without interlacing. */
const FORMS = [[2, 8, 0], [6, 8, 0], [0, 1, 1], [3, 4, 0], [4, 16, 1], [2, 16, 0]] as const;
const [WIDTH, HEIGHT] = [7, 5];
const SAMPLES_OF: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

function picture([colour, depth, interlaced]: readonly [number, number, number]): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, WIDTH);
  view.setUint32(4, HEIGHT);
  header.set([depth, colour, 0, 0, interlaced], 8);
  // An interlaced picture has seven smaller ones in it; zeros are valid whatever their sizes are.
  const rowBytes = 1 + Math.ceil(WIDTH * SAMPLES_OF[colour] * depth / 8);
  const rows = new Uint8Array(rowBytes * HEIGHT * (interlaced ? 4 : 1));
  if (!interlaced) {
    rows.forEach((_, i) => rows[i] = i % rowBytes === 0 ? i / rowBytes : (i * 37) % 8);
  }
  return fileOf([
    { type: "IHDR", data: header },
    ...(colour === 3 ? [{ type: "PLTE", data: new Uint8Array(48).map((_, i) => 5 * i) }] : []),
    ...(colour === 3 ? [{ type: "tRNS", data: Uint8Array.of(0, 128, 255) }] : []),
    { type: "gAMA", data: Uint8Array.of(0, 0, 0xb1, 0x8f) },
    {
      type: "eXIf",
      data: concatenate([
        ascii("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06"),
        new Uint8Array(6),
      ]),
    },
    { type: "tEXt", data: ascii("Comment\0tiny") },
    { type: "IDAT", data: deflateSync(rows) },
    { type: "IEND", data: new Uint8Array() },
  ]);
}

function fileOf(chunks: readonly Chunk[]): Uint8Array {
  return concatenate([
    SIGNATURE,
    ...chunks.flatMap(({ type, data }) => {
      const body = concatenate([ascii(type), data]);
      return [bigEndian(data.length), body, bigEndian(crc32(body))];
    }),
  ]);
}

function chunksOf(file: Uint8Array): Chunk[] {
  const view = new DataView(file.buffer, file.byteOffset);
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE.length; at < file.length;) {
    const length = view.getUint32(at);
    const type = new TextDecoder().decode(file.subarray(at + 4, at + 8));
    chunks.push({ type, data: file.slice(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return chunks;
}

function bigEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
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
  // The header says something else.
  (chunks, _, random) =>
    chunks.map((chunk) => {
      if (chunk.type !== "IHDR" || chunk.data.length < 13) return chunk;
      const data = chunk.data.slice();
      const field = random.integer(7);
      const size = pick([0, 1, 6, 8, 255, 32767, 65535, 2 ** 20, 2 ** 31 - 1, 2 ** 31], random);
      if (field < 2) data.set(bigEndian(size), 4 * field);
      else data[6 + field] = pick([0, 1, 2, 3, 4, 5, 6, 8, 16, 255], random);
      return { ...chunk, data };
    }),
  // Rows that are packed well hold something else, or are too few or too many.
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
