import { assert, assertEquals, assertNotEquals } from "@std/assert";
import mozjpeg from "npm:@jsquash/jpeg@1.6.0/codec/dec/mozjpeg_dec.js";
import encodeJpeg from "npm:@jsquash/jpeg@1.6.0/encode.js";
import { decodeBaseline } from "../../../../files/formats/jpeg/baseline.ts";
import { crop, toImageData } from "../../../../files/raster.ts";
import { RandomStream, STREAM } from "../../../../graph/random.ts";
import { patched, pictureFixture } from "../../../support/decoded.ts";

const { decode } = await mozjpeg({ noInitialRun: true });

/** Noise on a slope: coefficients of all sizes, and colours clipped at both ends. */
function noisy(width: number, height: number): ImageData {
  let state = 1;
  const data = Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    return i % 4 === 3 ? 255 : (i >> 2) % width * 255 / width + (state >> 24);
  });
  return new ImageData(data, width, height);
}

/** Expects libjpeg's pixels, to the bit. */
function assertSamePixels(file: Uint8Array<ArrayBuffer>, name: string): void {
  const picture = decodeBaseline(file);
  if (!picture) throw new Error(`${name} was not decoded`);
  assertEquals(toImageData(picture), decode(file, false), name);
}

async function encoded(
  picture: ImageData,
  options: Parameters<typeof encodeJpeg>[1],
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await encodeJpeg(picture, { progressive: false, ...options }));
}

Deno.test("images of every size, sampling and quality have libjpeg's pixels", async () => {
  for (const [width, height] of [[5, 1], [6, 7], [16, 16], [17, 15], [33, 50], [131, 67]]) {
    for (const quality of [30, 50, 90, 100]) {
      for (const chroma_subsample of [1, 2]) {
        const options = { quality, quant_table: 0, auto_subsample: false, chroma_subsample };
        const name = `${width} x ${height}, ${JSON.stringify(options)}`;
        assertSamePixels(await encoded(noisy(width, height), options), name);
      }
    }
  }
});

Deno.test("4:2:2, restart, grey and third-party files have libjpeg's pixels", async () => {
  const names = [
    ...[
      "422",
      "422_odd",
      "gray",
      "restart_blocks_444",
      "restart_rows_420",
      "optimized_420",
      "cifar",
    ],
    ...["420_3x5", "444_1x1", "exif_6", "icc", "mpo", "trailing_bytes", "exif_thumbnail"],
  ];
  for (const name of names) assertSamePixels(await pictureFixture(`jpeg_${name}.jpg`), name);
});

Deno.test("decoding a part gives the same pixels as the whole", async () => {
  for (const name of ["420", "422", "444", "gray", "restart_rows_420", "ycck_adobe_420"]) {
    const file = await pictureFixture(`jpeg_${name}.jpg`);
    const whole = decodeBaseline(file)!;
    const random = new RandomStream({ seed: 1, stream: STREAM.transforms });
    for (let trial = 0; trial < 40; trial++) {
      const [top, left] = [random.integer(whole.height), random.integer(whole.width)];
      const height = 1 + random.integer(whole.height - top);
      const part = { top, left, height, width: 1 + random.integer(whole.width - left) };
      const picture = decodeBaseline(file, () => part)!;
      assertEquals(crop(picture, part), crop(whole, part), `${name} ${JSON.stringify(part)}`);
    }
  }
});

Deno.test("memory for a large file is released afterwards", async () => {
  const file = await pictureFixture("jpeg_420.jpg");
  const long = new Uint8Array(1 << 24);
  long.set(file);
  const kept: WebAssembly.Memory[] = [];
  const { Memory } = WebAssembly;
  WebAssembly.Memory = class extends Memory {
    constructor(limits: WebAssembly.MemoryDescriptor) {
      super(limits);
      kept.push(this);
    }
  };
  try {
    const pictures = [long, file, file].map((bytes) => decodeBaseline(bytes));
    assertEquals(pictures[0], pictures[1]);
    assertEquals(pictures[0], pictures[2]);
  } finally {
    WebAssembly.Memory = Memory;
  }
  // At most an earlier instance, if this is not the first, and one that stays.
  const last = kept.at(-1)!;
  assert(kept.length <= 2 && last.buffer.byteLength < 1 << 20, String(last.buffer.byteLength));
});

Deno.test("unsupported and damaged files are left to other decoders", async () => {
  const names = [
    ...["411", "440", "420_1x1", "progressive_444", "rgb_adobe", "rgb_component_ids"],
    ...["quantisers_16_bit", "damaged_scan", "no_end", "truncated_last_bytes", "leading_byte"],
  ];
  for (const name of names) {
    assertEquals(decodeBaseline(await pictureFixture(`jpeg_${name}.jpg`)), undefined, name);
  }
});

Deno.test("a file with any changed byte is decoded or left to other decoders", async () => {
  const sound = await encoded(noisy(40, 24), { quality: 80 });
  const start = sound.findIndex((byte, i) => byte === 0xff && sound[i + 1] === 0xdb);
  let left = 0;
  for (let at = start; at < sound.length; at++) {
    const file = patched(sound, at, sound[at] ^ 1 << at % 8);
    const picture = decodeBaseline(file);
    if (!picture) left++;
    else assertEquals([picture.channels, picture.data.length % 3], [3, 0]);
  }
  assertNotEquals(left, 0);
});
