/**
 * Counter-based random numbers: Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 *
 * A number depends only on the seed, its purpose (stream, epoch, sample) and its place in that
 * stream, never on other draws. So threads and prefetching change nothing, and a resumed run draws
 * the same numbers as an uninterrupted one.
 */
import { InputError } from "../errors.ts";
import type { RandomSource } from "./parameter.ts";

export type { RandomSource };

/** Purposes of random numbers; different purposes never share numbers. */
export const STREAM = {
  initialization: 0,
  shuffle: 1,
  augmentation: 2,
  dropout: 3,
  synthetic: 4,
  transforms: 5,
  mixing: 6,
} as const;

/** Keeps the purposes of one place apart from those of the next. */
const PLACES = 256;

/** Threefry's rotations in bits, for the eight rounds that repeat; also used by kernels. */
export const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
/** The constant that Threefry's third key word adds to the parity of the others. */
export const PARITY = 0x1bd11bda;
const TWO_POW_32 = 4294967296;

/** Threefry-2x32-20: enciphers the counter under the key into two unsigned 32-bit words. */
export function threefry2x32(
  counter0: number,
  counter1: number,
  key0: number,
  key1: number,
  out: Uint32Array,
): void {
  const keys = [key0 | 0, key1 | 0, PARITY ^ key0 ^ key1];
  let x = (counter0 + keys[0]) | 0;
  let y = (counter1 + keys[1]) | 0;
  for (let group = 0; group < 5; group++) {
    for (let round = 0; round < 4; round++) {
      const rotation = ROTATIONS[(group & 1) * 4 + round];
      x = (x + y) | 0;
      y = ((y << rotation) | (y >>> (32 - rotation))) ^ x;
    }
    x = (x + keys[(group + 1) % 3]) | 0;
    y = (y + keys[(group + 2) % 3] + group + 1) | 0;
  }
  out[0] = x;
  out[1] = y;
}

/** Which stream of numbers; see {@link RandomStream}. Integers from 0, below 2^32 except the seed. */
interface StreamKey {
  /** The run's seed: an integer from 0 to 2^53 - 1. */
  readonly seed: number;
  /** The purpose, one of {@link STREAM}. */
  readonly stream: number;
  /** Index of the drawer among several with this purpose. Default 0. */
  readonly place?: number;
  /** Default 0. */
  readonly epoch?: number;
  /** Default 0. */
  readonly sample?: number;
}

/**
 * The endless stream of random numbers that belongs to (seed, stream, epoch, sample).
 * Throws InputError if the seed is not an integer from 0 to 2^53 - 1.
 */
export class RandomStream implements RandomSource {
  readonly #key = new Uint32Array(2);
  readonly #words = new Uint32Array(2);
  readonly #sample: number;
  #block = 0;
  #unread = 0;
  #spareNormal: number | undefined;

  constructor({ seed, stream, place = 0, epoch = 0, sample = 0 }: StreamKey) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new InputError(`seed is ${seed}; expected an integer from 0 to 9007199254740991`);
    }
    threefry2x32(
      stream + PLACES * place,
      epoch,
      seed >>> 0,
      Math.floor(seed / TWO_POW_32),
      this.#key,
    );
    this.#sample = sample;
  }

  /** An unsigned 32-bit integer. */
  uint32(): number {
    if (this.#unread === 0) {
      threefry2x32(this.#sample, this.#block++, this.#key[0], this.#key[1], this.#words);
      this.#unread = 2;
    }
    return this.#words[2 - this.#unread--];
  }

  /** Uniform in [0, 1), a multiple of 2^-32. */
  uniform(): number {
    return this.uint32() / TWO_POW_32;
  }

  /** Uniform among 0, 1, …, n - 1, without bias; n from 1 to 2^32. */
  integer(n: number): number {
    const limit = TWO_POW_32 - (TWO_POW_32 % n);
    let word = this.uint32();
    while (word >= limit) word = this.uint32();
    return word % n;
  }

  /** Standard normal, by the Box–Muller transform. */
  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    // Half a step away from 0, whose logarithm is not finite.
    const radius = Math.sqrt(-2 * Math.log((this.uint32() + 0.5) / TWO_POW_32));
    const angle = 2 * Math.PI * this.uniform();
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** The numbers 0, 1, …, n - 1 in random order (Fisher–Yates). */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const swapped = order[i];
      order[i] = order[j];
      order[j] = swapped;
    }
    return order;
  }
}

/**
 * The numbers that initialize one tensor: keyed by the seed, the path of the module that owns it
 * and the number of that module's tensors drawn before.
 */
export function randomSource(seed: number, path: string, drawn: number): RandomSource {
  return new RandomStream({
    seed,
    stream: STREAM.initialization,
    epoch: hashText(path),
    sample: drawn,
  });
}

/** 32-bit FNV-1a of the text's UTF-16 units. */
export function hashText(text: string): number {
  return extendHash(0x811c9dc5, Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)));
}

/** Continues the 32-bit FNV-1a hash `hash` with more units. */
export function extendHash(hash: number, units: ArrayLike<number>): number {
  for (let i = 0; i < units.length; i++) hash = Math.imul(hash ^ units[i], 0x01000193) >>> 0;
  return hash;
}
