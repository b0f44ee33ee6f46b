/** The kinds of stores that a worker can open from a handle. */
import { type FilesHandle, FileStore } from "./files.ts";
import { type ParquetHandle, ParquetStore } from "./parquet.ts";
import type { PictureStore, StoreHandle } from "./store.ts";
import { type TarHandle, TarStore } from "./tar.ts";

type Opener = (handle: never) => PictureStore;

const STORES: Readonly<Record<string, Opener>> = {
  files: (handle: FilesHandle) => new FileStore(handle),
  parquet: (handle: ParquetHandle) => new ParquetStore(handle),
  tar: (handle: TarHandle) => new TarStore(handle),
};

/** Opens the store of a handle. */
export function openStore(handle: StoreHandle): PictureStore {
  return STORES[handle.kind](handle as never);
}
