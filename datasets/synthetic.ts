/**
 * Images computed from a seed: each class is a pattern of plane waves, each image that pattern
 * shifted, dimmed and covered with noise. Easy for a small network, impossible for none; for trying
 * things out and for tests, without a file.
 */
import { InputError } from "../errors.ts";
import { RandomStream, STREAM } from "../graph/random.ts";
import {
  type DatasetInfo,
  emptySplit,
  type GeneratedDataset,
  type ImageShape,
  imageSize,
  type Split,
  type SyntheticOptions,
} from "./dataset.ts";

const DEFAULTS: Required<SyntheticOptions> = {
  classes: 10,
  imageSize: 32,
  channels: 3,
  trainCount: 2048,
  testCount: 512,
  imageSeed: 0,
};

const LEAST: Required<SyntheticOptions> = {
  classes: 2,
  imageSize: 4,
  channels: 1,
  trainCount: 1,
  testCount: 1,
  imageSeed: 0,
};

const WAVES = 3;
const AMPLITUDE = 24;
/** Uniform noise in ±NOISE grey levels. */
const NOISE = 48;
/** Images are shifted by up to this many pixels either way. */
const SHIFT = 2;

/** Numbers of the test split are keyed as those of another epoch than the training split's. */
const EPOCHS = { patterns: 0, train: 1, test: 2 } as const;

function complete(options: SyntheticOptions): Required<SyntheticOptions> {
  const chosen = { ...DEFAULTS };
  for (const key of Object.keys(DEFAULTS) as (keyof SyntheticOptions)[]) {
    const value = options[key];
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value) || value < LEAST[key]) {
      throw new InputError(
        `synthetic: ${key} is ${value}; expected a whole number from ${LEAST[key]} on`,
      );
    }
    chosen[key] = value;
  }
  return chosen;
}

function describe(options: SyntheticOptions): DatasetInfo {
  const { classes, imageSize, channels, trainCount, testCount } = complete(options);
  return {
    name: "synthetic",
    title: "Synthetic waves",
    classNames: Array.from({ length: classes }, (_, i) => `class ${i}`),
    imageShape: { height: imageSize, width: imageSize, channels },
    // What the construction gives: mid grey; the waves' and the noise's variances added.
    statistics: {
      mean: new Array(channels).fill(0.5),
      std: new Array(channels).fill(
        Math.sqrt(WAVES * AMPLITUDE ** 2 / 2 + NOISE ** 2 / 3) / 255,
      ),
    },
    sizes: { train: trainCount, test: testCount },
  };
}

/** One class's pattern: grey levels about zero, [height, width, channels]. */
function pattern(seed: number, label: number, { height, width, channels }: ImageShape) {
  const random = new RandomStream({
    seed,
    stream: STREAM.synthetic,
    epoch: EPOCHS.patterns,
    sample: label,
  });
  const levels = new Float32Array(height * width * channels);
  for (let channel = 0; channel < channels; channel++) {
    for (let wave = 0; wave < WAVES; wave++) {
      // Whole periods, so that a shifted pattern has no seam.
      const down = random.integer(7) - 3;
      const across = random.integer(3) + 1;
      const phase = 2 * Math.PI * random.uniform();
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const turn = 2 * Math.PI * (down * y / height + across * x / width);
          levels[(y * width + x) * channels + channel] += AMPLITUDE * Math.sin(turn + phase);
        }
      }
    }
  }
  return levels;
}

function makeSplit(
  count: number,
  epoch: number,
  seed: number,
  imageShape: ImageShape,
  patterns: readonly Float32Array[],
): Split {
  const split = emptySplit(count, imageShape);
  const { height, width, channels } = imageShape;
  const size = imageSize(imageShape);
  for (let i = 0; i < count; i++) {
    const random = new RandomStream({ seed, stream: STREAM.synthetic, epoch, sample: i });
    const label = i % patterns.length;
    split.labels[i] = label;
    const down = height + random.integer(2 * SHIFT + 1) - SHIFT;
    const across = width + random.integer(2 * SHIFT + 1) - SHIFT;
    const contrast = 0.75 + 0.5 * random.uniform();
    const image = split.images.subarray(i * size, (i + 1) * size);
    let target = 0;
    let noise = 0;
    for (let y = 0; y < height; y++) {
      const row = ((y + down) % height) * width;
      for (let x = 0; x < width; x++) {
        const source = (row + (x + across) % width) * channels;
        for (let channel = 0; channel < channels; channel++, target++) {
          // Four noise bytes from every random word.
          if ((target & 3) === 0) noise = random.uint32();
          const byte = (noise >>> (8 * (target & 3))) & 255;
          const level = 127.5 + contrast * patterns[label][source + channel] +
            NOISE * (byte / 127.5 - 1);
          image[target] = Math.max(0, Math.min(255, Math.round(level)));
        }
      }
    }
  }
  return split;
}

/** The computed dataset. */
export const synthetic: GeneratedDataset = {
  kind: "generated",
  name: "synthetic",
  title: "Synthetic waves",
  about: "Noisy wave patterns computed from a seed; no files",
  describe,
  generate(options) {
    const { trainCount, testCount, imageSeed } = complete(options);
    const { imageShape, classNames } = describe(options);
    const patterns = classNames.map((_, label) => pattern(imageSeed, label, imageShape));
    return {
      train: makeSplit(trainCount, EPOCHS.train, imageSeed, imageShape, patterns),
      test: makeSplit(testCount, EPOCHS.test, imageSeed, imageShape, patterns),
    };
  },
};
