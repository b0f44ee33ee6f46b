/**
 * Images computed from a seed: each class is a pattern of plane waves, each image shows the patterns of its
 * classes shifted, dimmed and covered with noise. Any small network can learn them; for experiments and
 * tests without files.
 */
import { RandomStream, STREAM } from "../graph/random.ts";
import { sizeOf } from "../graph/types.ts";
import { requireMemory } from "../files/memory.ts";
import { formatCount } from "../reporting/format.ts";
import { z } from "../schema/entry.ts";
import type { ChannelStatistics, DatasetInfo, OpenDataset } from "./dataset.ts";
import {
  emptyTargets,
  type ImageShape,
  imageSize,
  type TargetColumn,
  type TargetField,
} from "./image_source.ts";
import { MemorySource } from "./sources/memory.ts";

const [BYTES_PER_LEVEL, BYTES_PER_TARGET] = [4, 4];
const WAVES = 3;
const AMPLITUDE = 24;
/** Uniform noise in ±NOISE grey levels. */
const NOISE = 48;
/** Images are shifted by up to this many pixels either way. */
const SHIFT = 2;

/** Random numbers of the test split are keyed as another epoch than the training split's. */
const EPOCHS = { patterns: 0, train: 1, test: 2 } as const;

/** The options of every dataset of this kind. */
export const wavesOptions = {
  classes: z.int().min(2).max(2 ** 16).default(10).describe("Number of classes"),
  imageSize: z.int().min(4).max(2 ** 15).default(32).describe("Height and width in pixels"),
  channels: z.int().min(1).max(2 ** 15).default(3).describe("Channels"),
  trainCount: z.int().min(1).default(2048).describe("Training images"),
  testCount: z.int().min(1).default(512).describe("Test images"),
  imageSeed: z.int().min(0).default(0).describe("Seed of the images, apart from the run's"),
};

type WavesOptions = z.output<z.ZodObject<typeof wavesOptions>>;

/** The properties of a dataset of this kind. */
interface WavesKind extends Pick<DatasetInfo, "name" | "title"> {
  /** The name and form of the targets. */
  readonly target: readonly [name: string, field: TargetField];
  /** Average number of patterns per image. */
  readonly shown: number;
  /** Chooses the patterns of an image, and writes its target. */
  choose(index: number, random: RandomStream, target: TargetColumn["data"]): Iterable<number>;
}

/** Opens a dataset of images with the chosen patterns. */
export function openWaves(
  { classes, imageSize: side, channels, trainCount, testCount, imageSeed: seed }: WavesOptions,
  { name, title, target: [targetName, field], shown, choose }: WavesKind,
): OpenDataset {
  const shape = { height: side, width: side, channels };
  const info: DatasetInfo = {
    name,
    title,
    classNames: Array.from({ length: classes }, (_, i) => `class ${i}`),
    imageShape: shape,
    statistics: statisticsOf(channels, shown),
    targets: { [targetName]: field },
    sizes: { train: trainCount, test: testCount },
  };
  const [size, width] = [imageSize(shape), sizeOf(field.shape)];
  const count = trainCount + testCount;
  const computedBytes = count * (size + BYTES_PER_TARGET * width) +
    classes * size * BYTES_PER_LEVEL;
  const load = () => {
    requireMemory(
      computedBytes,
      `data.dataset: ${formatCount(count)} images of ${side}x${side}x${channels} in ` +
        `${formatCount(classes)} classes take`,
    );
    const patterns = Array.from({ length: classes }, (_, label) => pattern(seed, label, shape));
    const make = (split: "train" | "test"): MemorySource => {
      const count = info.sizes[split];
      const images = new Uint8Array(new SharedArrayBuffer(count * size));
      const data = emptyTargets(field, count);
      for (let i = 0; i < count; i++) {
        const key = { seed, stream: STREAM.synthetic, epoch: EPOCHS[split], sample: i };
        const random = new RandomStream(key);
        const labels = choose(i, random, data.subarray(i * width, (i + 1) * width));
        const chosen = Array.from(labels, (label) => patterns[label]);
        paintWaves(images.subarray(i * size, (i + 1) * size), shape, chosen, random);
      }
      return new MemorySource({ images, shape, targets: { [targetName]: { ...field, data } } });
    };
    return Promise.resolve({ train: make("train"), test: make("test") });
  };
  return { info, computedBytes, load };
}

/** A class's pattern: grey levels about zero, [height, width, channels]. */
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

/** Draws an image of some patterns, each with its own shift and contrast, under noise. */
function paintWaves(
  image: Uint8Array,
  { height, width, channels }: ImageShape,
  patterns: readonly Float32Array[],
  random: RandomStream,
): void {
  const levels = new Float64Array(image.length).fill(127.5);
  for (const pattern of patterns) {
    const down = height + random.integer(2 * SHIFT + 1) - SHIFT;
    const across = width + random.integer(2 * SHIFT + 1) - SHIFT;
    const contrast = 0.75 + 0.5 * random.uniform();
    let target = 0;
    for (let y = 0; y < height; y++) {
      const row = ((y + down) % height) * width;
      for (let x = 0; x < width; x++) {
        const source = (row + (x + across) % width) * channels;
        for (let channel = 0; channel < channels; channel++) {
          levels[target++] += contrast * pattern[source + channel];
        }
      }
    }
  }
  let noise = 0;
  for (let i = 0; i < image.length; i++) {
    // Four noise bytes from every random word.
    if ((i & 3) === 0) noise = random.uint32();
    const byte = (noise >>> (8 * (i & 3))) & 255;
    const level = levels[i] + NOISE * (byte / 127.5 - 1);
    image[i] = Math.max(0, Math.min(255, Math.round(level)));
  }
}

/** Statistics by construction: mid grey; the variances of the waves and the noise added. */
function statisticsOf(channels: number, shown: number): ChannelStatistics {
  const std = Math.sqrt(shown * WAVES * AMPLITUDE ** 2 / 2 + NOISE ** 2 / 3) / 255;
  return { mean: new Array(channels).fill(0.5), std: new Array(channels).fill(std) };
}
