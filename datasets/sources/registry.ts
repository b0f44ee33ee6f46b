/** The kinds of sources that a worker can open from a handle. */
import type { ImageSource, SourceHandle } from "../image_source.ts";
import { type MemoryImages, MemorySource } from "./memory.ts";

type Opener = (handle: never) => ImageSource | Promise<ImageSource>;

/** A kind that needs libraries imports its file when it is opened: others need not wait for it. */
const SOURCES: Readonly<Record<string, Opener>> = {
  memory: (images: MemoryImages) => new MemorySource(images),
};

/**
 * Opens the source that a handle is of: one of a registered kind, or by `openSource` of the module
 * that the kind is the address of.
 */
export async function openSource(handle: SourceHandle): Promise<ImageSource> {
  const open = Object.hasOwn(SOURCES, handle.kind)
    ? SOURCES[handle.kind]
    : (await import(handle.kind)).openSource as Opener;
  return await open(handle as never);
}
