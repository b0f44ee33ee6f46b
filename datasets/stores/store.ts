/** Where encoded images lie: in files of their own, or many in one. */
import type { SourceHandle } from "../image_source.ts";

/** How a worker opens a store; `kind` is a name in `stores/registry.ts`. */
export type StoreHandle = SourceHandle;

/** Images as they are stored, numbered as they were found. */
export interface PictureStore {
  /** What a person knows an image by, such as its path. */
  nameOf(picture: number): string;
  /** The bytes of an image's file. Rejects with InputError for one that cannot be read. */
  fileOf(picture: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Changes when its file does; undefined where that cannot be told. */
  identityOf?(picture: number): string | undefined;
  /** The first `most` bytes of it, where that is quickly done. Throws what the system throws. */
  beginningOf?(picture: number, most: number): Uint8Array;
}
