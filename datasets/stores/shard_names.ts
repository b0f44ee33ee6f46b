/** Names of images in files that contain many each. */
import { dirname } from "node:path";
import { Paths, type PathsHandle } from "../paths.ts";

/** The shared memory of {@link ShardNames}. */
export interface ShardNamesHandle {
  readonly shards: readonly string[];
  /** For each file, the number of images in it and in those before it. */
  readonly ends: readonly number[];
  /** An image's path: the name of its file, then its own name within. */
  readonly names: PathsHandle;
}

/** The file and the name of each image. */
export class ShardNames {
  readonly #names: Paths;

  constructor(private readonly handle: ShardNamesHandle) {
    this.#names = new Paths(handle.names);
  }

  /** The path of the file that contains an image. */
  shardOf(picture: number): string {
    return this.handle.shards[this.placeOf(picture)];
  }

  /** The index of that file. */
  placeOf(picture: number): number {
    const { ends } = this.handle;
    let [low, high] = [0, ends.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (picture < ends[middle]) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Its name for the user. */
  nameOf(picture: number): string {
    return `${dirname(this.shardOf(picture))}/${this.#names.relative(picture)}`;
  }
}
