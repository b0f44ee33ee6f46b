/** Names of images that lie in a number of files, many in each. */
import { dirname } from "node:path";
import { Paths, type PathsHandle } from "../paths.ts";

/** What {@link ShardNames} are made of, as threads hand it on. */
export interface ShardNamesHandle {
  readonly shards: readonly string[];
  /** Of each of those files: how many images lie in it and in those before it. */
  readonly ends: readonly number[];
  /** An image's path: the name of its file, then its own in it. */
  readonly names: PathsHandle;
}

/** In which file an image is, and what it is called. */
export class ShardNames {
  readonly #names: Paths;

  constructor(private readonly handle: ShardNamesHandle) {
    this.#names = new Paths(handle.names);
  }

  /** The path of the file that an image is in. */
  shardOf(picture: number): string {
    return this.handle.shards[this.placeOf(picture)];
  }

  /** Which of the files that is. */
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

  /** What a person knows it by. */
  nameOf(picture: number): string {
    return `${dirname(this.shardOf(picture))}/${this.#names.relative(picture)}`;
  }
}
