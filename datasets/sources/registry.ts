/** The kinds of sources that a worker can open from a handle. */
import type { ImageSource, SourceHandle } from "../image_source.ts";
import { type FixedHandle, FixedPictures, type PictureSource } from "../picture_source.ts";
import { type MemoryImages, MemorySource } from "./memory.ts";
import type { ExaminedHandle } from "./examined.ts";
import type { CachedHandle } from "./cached.ts";
import type { PictureFilesHandle } from "./picture_files.ts";
import type { TransformedHandle } from "./transformed.ts";

type Opener = (handle: never) => ImageSource | Promise<ImageSource>;
type PictureOpener = (handle: never) => PictureSource | Promise<PictureSource>;

/** A kind that needs libraries imports its file when it is opened, so that others need not wait for it. */
const SOURCES: Readonly<Record<string, Opener>> = {
  memory: (images: MemoryImages) => new MemorySource(images),
  transformed: async ({ pictures, ...view }: TransformedHandle) => {
    const { TransformedSource } = await import("./transformed.ts");
    return new TransformedSource(await openPictures(pictures), view);
  },
  examined: async ({ pictures, ...examination }: ExaminedHandle) => {
    const { ExaminedPictures } = await import("./examined.ts");
    return new ExaminedPictures(await openPictures(pictures), examination);
  },
};

/** The kinds of images of any size. */
const PICTURES: Readonly<Record<string, PictureOpener>> = {
  fixed: async ({ images }: FixedHandle) => new FixedPictures(await openSource(images)),
  picture_files: async (files: PictureFilesHandle) => {
    const { PictureFiles } = await import("./picture_files.ts");
    return new PictureFiles(files);
  },
  cached: async (handle: CachedHandle) => {
    const { CachedSource } = await import("./cached.ts");
    return CachedSource.open(await openPictures(handle.pictures), handle);
  },
};

/**
 * Opens the source of a handle: one of a registered kind, or with `openSource` of the module whose address
 * is the kind.
 */
export async function openSource(handle: SourceHandle): Promise<ImageSource> {
  const open = Object.hasOwn(SOURCES, handle.kind)
    ? SOURCES[handle.kind]
    : (await import(handle.kind)).openSource as Opener;
  return await open(handle as never);
}

/** Like {@link openSource}, for images of any size; such a module exports `openPictures`. */
async function openPictures(handle: SourceHandle): Promise<PictureSource> {
  const open = Object.hasOwn(PICTURES, handle.kind)
    ? PICTURES[handle.kind]
    : (await import(handle.kind)).openPictures as PictureOpener;
  return await open(handle as never);
}
