import encodeJpeg from "npm:@jsquash/jpeg@1.6.0/encode.js";
import { readImage } from "../../../files/images.ts";
import type { RandomStream } from "../../../graph/random.ts";
import { pick } from "../../support/pick.ts";
import { concatenate, damage, splice } from "../bytes.ts";
import type { Kind } from "../kind.ts";

const [WIDTH, HEIGHT] = [17, 13];

/** Baseline fixtures with every chroma subsampling, ink and restart of the SIMD decoder. */
const BASELINE = [
  ...["jpeg_420_17x31.jpg", "jpeg_422_odd.jpg", "jpeg_444_17x31.jpg", "jpeg_gray.jpg"],
  ...["jpeg_restart_rows_420.jpg", "jpeg_ycck_adobe_420.jpg", "jpeg_cmyk_adobe.jpg"],
];

/** JPEG images. */
export const jpeg: Kind = {
  file: "picture.jpg",
  async samples() {
    const data = Uint8ClampedArray.from({ length: 4 * WIDTH * HEIGHT }, (_, i) => (i * i) % 251);
    const picture = { width: WIDTH, height: HEIGHT, data, colorSpace: "srgb" } as ImageData;
    const options = [{}, { progressive: false }, { color_space: 1 }, { chroma_subsample: 1 }];
    const files = await Promise.all([
      ...options.map((option) => encodeJpeg(picture, option)),
      ...BASELINE.map((name) =>
        Deno.readFile(new URL(`../../fixtures/pictures/${name}`, import.meta.url))
      ),
    ]);
    return files.map((file) => splice(new Uint8Array(file), 2, 0, EXIF));
  },
  mutate(sound, random) {
    let segments = segmentsOf(sound);
    for (let times = 1 + random.integer(2); times > 0; times--) {
      segments = pick(EDITS, random)(segments, random.integer(segments.length), random);
    }
    return concatenate(segments);
  },
  async read(path) {
    await readImage(path, { height: 5, width: 6, channels: 3 }, { damaged: true });
  },
};

/** An APP1 segment with an orientation. */
const EXIF = Uint8Array.of(
  ...[0xff, 0xe1, 0, 34, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1],
  ...[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0],
);

/** Each marker with everything up to the next; coded pixels belong to the start of their scan. */
function segmentsOf(file: Uint8Array): Uint8Array[] {
  const starts: number[] = [];
  for (let at = 0; at < file.length - 1; at++) {
    if (file[at] !== 0xff || file[at + 1] === 0 || file[at + 1] === 0xff) continue;
    starts.push(at);
    const hasLength = file[at + 1] < 0xd0 || file[at + 1] > 0xd9;
    if (hasLength) at += 1 + 256 * file[at + 2] + file[at + 3];
  }
  return starts.map((start, i) => file.slice(start, starts[i + 1] ?? file.length));
}

const MARKERS = [
  0xc0,
  0xc1,
  0xc2,
  0xc4,
  0xc9,
  0xd0,
  0xd8,
  0xd9,
  0xda,
  0xdb,
  0xdc,
  0xdd,
  0xe1,
  0xee,
];

type Edit = (segments: Uint8Array[], at: number, random: RandomStream) => Uint8Array[];

const damaged: Edit = (segments, at, random) => {
  const segment = segments[at];
  const changed = concatenate([segment.subarray(0, 4), damage(segment.subarray(4), random)]);
  // Most get the right length.
  if (segment.length > 4 && segment[1] !== 0xda && random.integer(4)) {
    new DataView(changed.buffer).setUint16(2, changed.length - 2);
  }
  return segments.with(at, changed);
};

const EDITS: readonly Edit[] = [
  (segments, at) => segments.length > 1 ? segments.toSpliced(at, 1) : segments,
  (segments, at, random) => segments.toSpliced(random.integer(segments.length), 0, segments[at]),
  (segments, at, random) => {
    const changed = segments[at].slice();
    changed[1] = pick(MARKERS, random);
    return segments.with(at, changed);
  },
  damaged,
  damaged,
  damaged,
  // Changes the frame's size, depth or sampling.
  (segments, _, random) =>
    segments.map((segment) => {
      if (segment[1] < 0xc0 || segment[1] > 0xc2 || segment.length < 19) return segment;
      const changed = segment.slice();
      const view = new DataView(changed.buffer);
      if (random.integer(2)) {
        view.setUint16(pick([5, 7], random), pick([0, 1, 16, 255, 4096, 65500, 65535], random));
      } else {
        changed[pick([4, 9, 10, 11, 12, 14], random)] = pick([0, 1, 3, 4, 8, 0x22, 0x41], random);
      }
      return changed;
    }),
];
