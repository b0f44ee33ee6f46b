/** Stores of encoded images: in separate files, or many in one. */
import type { SourceHandle } from "../image_source.ts";

/** How a worker opens a store; `kind` is a name in `stores/registry.ts`. */
export type StoreHandle = SourceHandle;

/** Stored images, numbered in the order they were found. */
export interface PictureStore {
  /** An image's name for the user, such as its path. */
  nameOf(picture: number): string;
  /** The bytes of an image's file. Rejects with InputError if it cannot be read. */
  fileOf(picture: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Changes when its file does; undefined if unknown. */
  identityOf?(picture: number): string | undefined;
  /** Its first `most` bytes, if they can be read quickly. Throws the system's errors. */
  beginningOf?(picture: number, most: number): Uint8Array;
}
