/** Images in tar archives, each read in place. */
import { InputError } from "../../errors.ts";
import { formatBytes } from "../../reporting/format.ts";
import { bareRefusalOf } from "../../files/refusal.ts";
import { partOf } from "../../files/window.ts";
import { identityOfFile } from "./identity.ts";
import { ShardNames, type ShardNamesHandle } from "./shard_names.ts";
import type { PictureStore, StoreHandle } from "./store.ts";

/** Most bytes of an image's file. */
const MAX_BYTES = 2 ** 28;

/** How a worker opens a {@link TarStore}. */
export interface TarHandle extends StoreHandle, ShardNamesHandle {
  readonly kind: "tar";
  readonly places: {
    /** Offset of each image's file in its archive. */
    readonly offset: Float64Array<SharedArrayBuffer>;
    /** Its length. */
    readonly length: Float64Array<SharedArrayBuffer>;
  };
}

/** Images in archives. */
export class TarStore implements PictureStore {
  readonly #names: ShardNames;

  constructor(private readonly handle: TarHandle) {
    this.#names = new ShardNames(handle);
  }

  nameOf(picture: number): string {
    return this.#names.nameOf(picture);
  }

  // deno-lint-ignore require-await -- errors must become rejections
  async fileOf(picture: number): Promise<Uint8Array<ArrayBuffer>> {
    const length = this.handle.places.length[picture];
    if (length > MAX_BYTES) {
      throw new InputError(
        `${this.nameOf(picture)}: contains ${formatBytes(length)}; expected at most ` +
          formatBytes(MAX_BYTES),
      );
    }
    try {
      return this.beginningOf(picture, length);
    } catch (error) {
      const refusal = bareRefusalOf(error);
      if (refusal === undefined) throw error;
      const message = `${this.nameOf(picture)}: cannot be read: ${refusal}`;
      throw new InputError(message, { cause: error });
    }
  }

  identityOf(picture: number): string | undefined {
    const archive = identityOfFile(this.#names.shardOf(picture));
    return archive && `${archive} ${this.handle.places.offset[picture]}`;
  }

  beginningOf(picture: number, most: number): Uint8Array<ArrayBuffer> {
    const { offset, length } = this.handle.places;
    const path = this.#names.shardOf(picture);
    return partOf(path, offset[picture], Math.min(most, length[picture]));
  }
}
