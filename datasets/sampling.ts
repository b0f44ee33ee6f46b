/** The order in which an epoch shows images, which follows from the seed and the epoch. */
import { InputError } from "../errors.ts";
import { RandomStream, STREAM } from "../graph/random.ts";
import { isClass, type TargetColumn } from "./image_source.ts";

/** How images are chosen for an epoch: each once, or equally many of every class. */
export type Sampling = "shuffled" | "balanced";

/** The order of an epoch. */
export interface EpochOrder {
  /** The image at each position. */
  readonly images: Uint32Array;
  /** How often each occurred in earlier epochs. Default: never. */
  readonly showings?: Uint32Array;
  /** The most occurrences of an image in any epoch. */
  readonly mostShowings: number;
}

/** Identifies an epoch of a run. */
interface EpochKey {
  readonly seed: number;
  readonly epoch: number;
}

/** All images, in source order. */
export function givenOrder(count: number): EpochOrder {
  return { images: Uint32Array.from({ length: count }, (_, i) => i), mostShowings: 1 };
}

/** All images, in the epoch's own order. */
export function shuffledOrder(count: number, key: EpochKey): EpochOrder {
  const random = new RandomStream({ ...key, stream: STREAM.shuffle });
  return { images: random.permutation(count), mostShowings: 1 };
}

/**
 * `count` images, equally many of every class (±1), in random order. Of a class with more images than its
 * share some are left out, others in each epoch; a smaller class repeats all its images equally often (±1).
 *
 * @param labels the class of each image
 */
export function balancedOrder(labels: Int32Array, count: number, key: EpochKey): EpochOrder {
  const members = Map.groupBy(labels.keys(), (image) => labels[image]);
  const classes = [...members.values()];
  const least = Math.floor(count / classes.length);
  const random = (place: number, sample: number) =>
    new RandomStream({ ...key, stream: STREAM.shuffle, place, sample });
  // Which classes get the remainder.
  const extra = new Set(
    random(1, 0).permutation(classes.length).subarray(0, count % classes.length),
  );
  const images = new Uint32Array(count);
  const showings = new Uint32Array(count);
  let next = 0;
  classes.forEach((own, c) => {
    const share = least + (extra.has(c) ? 1 : 0);
    const order = random(2, c).permutation(own.length);
    for (let i = 0; i < share; i++) {
      images[next] = own[order[i % own.length]];
      showings[next++] = Math.floor(i / own.length);
    }
  });
  const places = random(0, 0).permutation(count);
  return {
    images: images.map((_, i) => images[places[i]]),
    showings: showings.map((_, i) => showings[places[i]]),
    mostShowings: Math.max(...classes.map(({ length }) => Math.ceil((least + 1) / length))),
  };
}

/** The class of each image. Throws InputError unless each image has one class. */
export function labelsOf(targets: Readonly<Record<string, TargetColumn>>): Int32Array {
  const column = Object.values(targets).find(isClass);
  if (column) return column.data as Int32Array;
  const found = Object.keys(targets).join(", ") || "no targets";
  throw new InputError(
    `balanced sampling needs images of one class each; found ${found}`,
    { at: ["sampling"] },
  );
}
