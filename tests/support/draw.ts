/** Random shapes, options and numbers, the same for equal seeds. */
import { RandomStream, STREAM } from "../../graph/random.ts";
import { type Shape, sizeOf } from "../../graph/types.ts";
import type { InputTensor } from "./run.ts";

/** Draws shapes, options and numbers. */
export class Draw {
  readonly #random: RandomStream;

  /** Equal seeds draw the same. */
  constructor(seed: number) {
    this.#random = new RandomStream({ seed, stream: STREAM.synthetic });
  }

  /** An integer from `least` to `most`. */
  whole(least: number, most: number): number {
    return least + this.#random.integer(most - least + 1);
  }

  /** One of the choices. */
  one<T>(...choices: readonly T[]): T {
    return choices[this.whole(0, choices.length - 1)];
  }

  /** Two integers from `least` to `most`. */
  pair(least: number, most: number): readonly [number, number] {
    return [this.whole(least, most), this.whole(least, most)];
  }

  /** Floats between `least` and `most`. */
  floats(shape: Shape, least = -1, most = 1): InputTensor {
    const uniform = () => least + (most - least) * this.#random.uniform();
    return { shape, data: Float32Array.from({ length: sizeOf(shape) }, uniform) };
  }

  /** Labels below `classes`, some of them -1. */
  labels(count: number, classes: number): InputTensor {
    return {
      shape: [count],
      data: Int32Array.from({ length: count }, () => this.whole(-1, classes - 1)),
    };
  }

  /** The shape of images. */
  images(channels = this.whole(1, 20)): number[] {
    return [this.whole(1, 3), channels, ...this.pair(4, 11)];
  }

  /** A shape of one to four axes. */
  shape(): number[] {
    return Array.from({ length: this.whole(1, 4) }, () => this.whole(1, 7));
  }
}
