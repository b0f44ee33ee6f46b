import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { drawMixing } from "../../../datasets/mixing/draw.ts";
import { type MixingOptions, parseMixing } from "../../../datasets/mixing/options.ts";
import { RandomStream } from "../../../graph/random.ts";

const SIZE = { height: 8, width: 12 };

interface Row {
  readonly partner: number;
  /** The share of each pixel outside the box. */
  readonly pixels: number;
  /** The number of pixels in the box. */
  readonly area: number;
  readonly share: number;
}

function draw(options: MixingOptions, sample = 0, count = 6, rows = 6): Row[] {
  const arrays = { partners: new Int32Array(5 * rows), shares: new Float32Array(rows) };
  const random = new RandomStream({ seed: 1, stream: 0, sample });
  const shares = drawMixing(arrays, count, SIZE, parseMixing(options), random);
  return Array.from(shares, (share, n) => {
    const [partner, top, left, bottom, right] = arrays.partners.subarray(5 * n);
    assert(top >= 0 && left >= 0 && bottom <= SIZE.height && right <= SIZE.width);
    return { partner, pixels: arrays.shares[n], area: (bottom - top) * (right - left), share };
  });
}

const many = (options: MixingOptions) =>
  Array.from({ length: 1000 }, (_, sample) => draw(options, sample));

Deno.test("a batch is mixed by one permutation and, by default, one share", () => {
  for (const rows of [...many({ mixup: {} }), ...many({ cutmix: {} })]) {
    assertEquals(rows.map(({ partner }) => partner).toSorted(), [0, 1, 2, 3, 4, 5]);
    assertEquals(new Set(rows.map(({ share }) => share)).size, 1);
  }
  const each = draw({ mixup: {}, mode: "elem" });
  assertEquals(new Set(each.map(({ share }) => share)).size, 6);
});

Deno.test("mixup blends all pixels by the target's share", () => {
  for (const { pixels, area, share } of draw({ mixup: { alpha: 0.2 }, mode: "elem" })) {
    assertEquals([pixels, area], [share, 0]);
    assert(share >= 0 && share <= 1);
  }
});

Deno.test("cutmix's share is that of the unchanged pixels", () => {
  for (const { pixels, area, share } of many({ cutmix: {} }).flat()) {
    assertEquals(pixels, 1);
    assertAlmostEquals(share, 1 - area / (SIZE.height * SIZE.width), 1e-6);
  }
});

Deno.test("mixup and cutmix occur with the given probabilities", () => {
  const options = { mixup: { prob: 0.5 }, cutmix: { prob: 0.75 }, switchProb: 0.4 };
  const batches = many(options).map(([row]) => row);
  const partOf = (test: (row: Row) => boolean) => batches.filter(test).length / batches.length;
  // Some of cutmix's boxes are too small for any pixel.
  assertAlmostEquals(partOf(({ area }) => area > 0), 0.4 * 0.75, 0.05);
  assertAlmostEquals(partOf(({ pixels }) => pixels < 1), 0.6 * 0.5, 0.05);
  assert(many({ mixup: {}, cutmix: {}, switchProb: 1 }).every(([{ pixels }]) => pixels === 1));
});

Deno.test("padding rows are mixed with themselves", () => {
  const rows = draw({ mixup: {} }, 0, 4);
  assert(rows.slice(0, 4).every(({ partner }) => partner < 4));
  assertEquals(rows.slice(4), [4, 5].map((partner) => ({ partner, pixels: 1, area: 0, share: 1 })));
});
