import { createHash } from "node:crypto";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { optionalCache } from "../../files/cache.ts";
import { DISK } from "../../files/disk.ts";
import type { Raster } from "../../files/raster.ts";
import { refusalOf } from "../../files/refusal.ts";
import { z } from "../../schema/entry.ts";
import type { SourceHandle } from "../image_source.ts";
import type { FreshPicture } from "../keeps_pictures.ts";
import type { PictureSource } from "../picture_source.ts";
import { loadReader } from "../sources/load_reader.ts";
import { FolderWriter, MAX_WAITING } from "./folder_writer.ts";
import {
  type CachedPictures,
  type CacheEntry,
  GIBIBYTE,
  type PictureCache,
} from "./picture_cache.ts";
import { filesIn, KEY_BYTES, type StoredPicture, storedPictures } from "./pixel_file.ts";

/** Incremented when decoding, or a transform without randomness, starts to give other pixels. */
const PIXELS = 1;
/** More than any side. */
const PACKED = 2 ** 16;

const schema = z.object({
  gibibytes: z.number().positive().default(32).describe(
    "Most space for images on the disk, in GiB",
  ),
});

/** On disk, also for later runs. */
export const disk: CacheEntry<typeof schema> = {
  about: "On disk, in Overfold's cache, also for later runs",
  schema,
  async build({ gibibytes }, of) {
    const { pictures, onNotice = () => {} } = of;
    const cache = optionalCache(of.folder);
    try {
      if (!cache?.isWritable) throw new Deno.errors.PermissionDenied("no cache is writable");
      const folder = join(cache.folder, "pictures", await kindOf(of));
      await makeFiles(folder);
      const options = { folder, channels: pictures.channels, most: gibibytes * GIBIBYTE, onNotice };
      const keys = Float64Array.from({ length: pictures.count }, (_, index) => {
        const key = keyOf(pictures, index);
        return key ? numberOf(key) : NaN;
      });
      const found = new DiskCache(emptyTable(folder, pictures), {
        pictures,
        keys,
        writer: FolderWriter.of(options),
      });
      await found.enterStored();
      return found;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      onNotice(`data.cache: images are not kept on disk: ${refusal}`);
    }
  },
};

/** How a worker opens a {@link DiskCache}. */
export interface DiskCacheHandle extends SourceHandle {
  readonly kind: "disk";
  readonly folder: string;
  readonly channels: number;
  /** For each image, the offset of its pixels, */
  readonly offsets: Float64Array<SharedArrayBuffer>;
  /** their checksum, */
  readonly checksums: Uint32Array<SharedArrayBuffer>;
  /** and its height and width; 0 while it is missing. */
  readonly sizes: Uint32Array<SharedArrayBuffer>;
}

/** State of the writing thread only. */
interface Keeper {
  readonly pictures: PictureSource;
  /** The beginning of each image's key when the cache was opened; NaN without a key. */
  readonly keys: Float64Array;
  readonly writer: FolderWriter;
}

/** Images in a file. */
export class DiskCache implements PictureCache {
  #file: Deno.FsFile | undefined;
  #fresh: FreshPicture[] = [];
  #waiting = 0;

  constructor(readonly handle: DiskCacheHandle, private readonly keeper?: Keeper) {}

  get reads(): readonly string[] {
    return [filesIn(this.handle.folder).pixels];
  }

  get memoryBytes(): number {
    const { offsets, checksums, sizes } = this.handle;
    return offsets.byteLength + checksums.byteLength + sizes.byteLength + MAX_WAITING;
  }

  get(index: number): Raster | undefined {
    const { folder, channels, offsets, checksums, sizes } = this.handle;
    const size = Atomics.load(sizes, index);
    if (size === 0) return undefined;
    const [height, width] = [Math.floor(size / PACKED), size % PACKED];
    const data = new Uint8Array(height * width * channels);
    const file = this.#file ??= Deno.openSync(filesIn(folder).pixels);
    file.seekSync(offsets[index], Deno.SeekMode.Start);
    for (let at = 0; at < data.length;) {
      const count = file.readSync(data.subarray(at));
      if (count === null) break;
      at += count;
    }
    if (crc32(data) === checksums[index]) return { height, width, channels, data };
    // Damaged: it is decoded and written again.
    Atomics.store(sizes, index, 0);
  }

  put(index: number, { height, width, data }: Raster): void {
    if (Math.max(height, width) >= PACKED || this.#waiting + data.length > MAX_WAITING) return;
    this.#waiting += data.length;
    this.#fresh.push({ index, height, width, data });
  }

  takeFresh(): readonly FreshPicture[] {
    const fresh = this.#fresh;
    [this.#fresh, this.#waiting] = [[], 0];
    return fresh;
  }

  keep(fresh: readonly FreshPicture[]): void {
    const { keeper } = this;
    if (!keeper) return;
    keeper.writer.write(fresh.map(({ index, ...picture }) => ({
      ...picture,
      key: () => {
        // If the file changed meanwhile, it is unknown which contents were decoded.
        const key = keyOf(keeper.pictures, index);
        return key && numberOf(key) === keeper.keys[index] ? key : undefined;
      },
      onWritten: (stored) => this.#enter(index, stored),
    })));
  }

  async release(): Promise<void> {
    this.#file?.close();
    this.#file = undefined;
    await this.keeper?.writer.release();
  }

  slice(from: number, to: number): DiskCache {
    const { handle, keeper } = this;
    return new DiskCache(
      {
        ...handle,
        offsets: handle.offsets.subarray(from, to),
        checksums: handle.checksums.subarray(from, to),
        sizes: handle.sizes.subarray(from, to),
      },
      keeper && {
        ...keeper,
        pictures: keeper.pictures.slice(from, to),
        keys: keeper.keys.subarray(from, to),
      },
    );
  }

  /** Registers the images on the disk. */
  async enterStored(): Promise<void> {
    const { keys } = this.keeper!;
    const last = new Map<number, number>();
    /** For each image, the previous one in the same file. */
    const before = keys.map((key, index) => {
      const other = last.get(key) ?? -1;
      last.set(key, index);
      return other;
    });
    await storedPictures(this.handle.folder, (stored) => {
      let index = last.get(numberOf(stored.key)) ?? -1;
      for (; index >= 0; index = before[index]) this.#enter(index, stored);
    });
  }

  #enter(index: number, { offset, height, width, checksum }: StoredPicture): void {
    const { offsets, checksums, sizes } = this.handle;
    offsets[index] = offset;
    checksums[index] = checksum;
    Atomics.store(sizes, index, height * PACKED + width);
  }
}

/** A name for the kind of pixels in a folder. */
async function kindOf({ pictures: { channels }, transforms }: CachedPictures): Promise<string> {
  const { decoderLocations } = await loadReader();
  const decoders = decoderLocations().map(({ href }) => href);
  return createHash("sha256").update(JSON.stringify([PIXELS, decoders, channels, transforms]))
    .digest("hex").slice(0, 32);
}

/** The key of an image on disk; undefined if its file cannot be identified. */
function keyOf(pictures: PictureSource, index: number): Uint8Array | undefined {
  const identity = pictures.identityOf?.(index);
  if (identity === undefined) return undefined;
  return createHash("sha256").update(identity).digest().subarray(0, KEY_BYTES);
}

/** The beginning of a key as a number. */
function numberOf(key: Uint8Array): number {
  const view = new DataView(key.buffer, key.byteOffset);
  return view.getUint32(0) * 2 ** 20 + (view.getUint32(4) >>> 12);
}

async function makeFiles(folder: string): Promise<void> {
  await DISK.makeFolder(folder);
  for (const path of Object.values(filesIn(folder))) {
    const file = await DISK.open(path, { write: true, create: true });
    file.close();
  }
}

function emptyTable(folder: string, { count, channels }: PictureSource): DiskCacheHandle {
  return {
    kind: "disk",
    folder,
    channels,
    offsets: new Float64Array(new SharedArrayBuffer(8 * count)),
    checksums: new Uint32Array(new SharedArrayBuffer(4 * count)),
    sizes: new Uint32Array(new SharedArrayBuffer(4 * count)),
  };
}
