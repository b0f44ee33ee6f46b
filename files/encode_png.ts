/** Encodes images as PNG files. */
import { COLOUR, crc32 } from "./formats/png_chunks.ts";
import type { Raster } from "./raster.ts";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Stores each byte as its difference from the pixel to the left, which compresses photographs better. */
const SUB = 1;

/** An image of 1 or 3 channels as a PNG file, 8 bits per sample. */
export async function encodePng({ height, width, channels, data }: Raster): Promise<Uint8Array> {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, channels === 1 ? COLOUR.grey : COLOUR.rgb], 8);
  const length = width * channels;
  const rows = new Uint8Array(height * (1 + length));
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * length, (y + 1) * length);
    const to = y * (1 + length);
    rows[to] = SUB;
    for (let i = 0; i < length; i++) {
      rows[to + 1 + i] = row[i] - (i < channels ? 0 : row[i - channels]);
    }
  }
  const compressed = new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"));
  const parts = [
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", header),
    chunk("IDAT", new Uint8Array(await new Response(compressed).arrayBuffer())),
    chunk("IEND", new Uint8Array()),
  ];
  return await new Blob(parts).bytes();
}

function chunk(type: string, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + content.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(content, 8);
  view.setUint32(8 + content.length, crc32(bytes.subarray(4, -4)));
  return bytes;
}
