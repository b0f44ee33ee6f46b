import { InputError } from "../../errors.ts";
import { memoryOfMachine } from "../../files/memory.ts";
import type { Raster } from "../../files/raster.ts";
import { formatBytes } from "../../reporting/format.ts";
import { z } from "../../schema/entry.ts";
import type { SourceHandle } from "../image_source.ts";
import { type CacheEntry, GIBIBYTE, type PictureCache } from "./picture_cache.ts";

/** Bytes per unit of addresses. */
const UNIT = 16;
/** Addresses of images that are missing or not yet stored. */
const [ABSENT, UNDER_WAY, NO_ROOM, FIRST] = [0, 1, 2, 3];
/** More than any side. */
const PACKED = 2 ** 16;
/** Largest shared array in bytes. */
const MOST = 2 ** 34;
/** Limit if this machine's memory may not be queried. */
const USUAL = 2 * GIBIBYTE;
/** Default share of the machine's memory. */
const SHARE = 0.5;

const schema = z.object({
  gibibytes: z.number().positive().optional().describe(
    "Most memory for images, in GiB; by default half of the machine's",
  ),
});

/** In memory shared by all workers. */
export const memory: CacheEntry<typeof schema> = {
  about: "In memory, shared by all workers",
  schema,
  build({ gibibytes }, { pictures: { count, channels }, size, share }) {
    const room = share * (gibibytes === undefined ? usualRoom() : gibibytes * GIBIBYTE);
    const need = size ? count * aligned(size.height * size.width * channels) : MOST;
    return MemoryCache.of(count, channels, Math.floor(Math.min(room, need, MOST) / UNIT) * UNIT);
  },
};

function usualRoom(): number {
  const all = memoryOfMachine();
  return Number.isFinite(all) ? SHARE * all : USUAL;
}

const aligned = (bytes: number) => Math.ceil(bytes / UNIT) * UNIT;

/** How a worker opens a {@link MemoryCache}. */
export interface MemoryCacheHandle extends SourceHandle {
  readonly kind: "memory";
  readonly channels: number;
  /** Images, in the order they arrived. */
  readonly room: Uint8Array<SharedArrayBuffer>;
  /** The number of used {@link UNIT}s. */
  readonly taken: Int32Array<SharedArrayBuffer>;
  /** For each image its address, in {@link UNIT}s, starting at {@link FIRST}. */
  readonly places: Int32Array<SharedArrayBuffer>;
  /** Height and width of each. */
  readonly sizes: Uint32Array<SharedArrayBuffer>;
}

/** Images in shared memory; once it is full, no more are stored and none is evicted. */
export class MemoryCache implements PictureCache {
  readonly reads: readonly string[] = [];

  /** An empty cache. Throws InputError if the system cannot provide the memory. */
  static of(count: number, channels: number, bytes: number): MemoryCache {
    try {
      return new MemoryCache({
        kind: "memory",
        channels,
        room: new Uint8Array(new SharedArrayBuffer(bytes)),
        taken: new Int32Array(new SharedArrayBuffer(4)),
        places: new Int32Array(new SharedArrayBuffer(4 * count)),
        sizes: new Uint32Array(new SharedArrayBuffer(4 * count)),
      });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new InputError(
        `the system cannot provide ${
          formatBytes(bytes)
        } to keep images in; set a lower limit with ` +
          "{ name: memory, gibibytes: … }",
        { cause: error },
      );
    }
  }

  constructor(readonly handle: MemoryCacheHandle) {}

  get memoryBytes(): number {
    const { room, places, sizes } = this.handle;
    return room.length + places.byteLength + sizes.byteLength;
  }

  get(index: number): Raster | undefined {
    const { channels, room, places, sizes } = this.handle;
    const place = Atomics.load(places, index);
    if (place < FIRST) return undefined;
    const [height, width] = [Math.floor(sizes[index] / PACKED), sizes[index] % PACKED];
    const start = (place - FIRST) * UNIT;
    const data = room.subarray(start, start + height * width * channels);
    return { height, width, channels, data };
  }

  put(index: number, { height, width, data }: Raster): void {
    const { room, taken, places, sizes } = this.handle;
    if (Atomics.compareExchange(places, index, ABSENT, UNDER_WAY) !== ABSENT) return;
    const units = aligned(data.length) / UNIT;
    const isKeepable = Math.max(height, width) < PACKED;
    const start = isKeepable ? takeRoom(taken, units, room.length / UNIT) : undefined;
    if (start === undefined) {
      Atomics.store(places, index, NO_ROOM);
      return;
    }
    room.set(data, start * UNIT);
    sizes[index] = height * PACKED + width;
    Atomics.store(places, index, FIRST + start);
  }

  slice(from: number, to: number): MemoryCache {
    const { places, sizes } = this.handle;
    return new MemoryCache({
      ...this.handle,
      places: places.subarray(from, to),
      sizes: sizes.subarray(from, to),
    });
  }
}

/** Allocates memory and returns its address; what does not fit allocates nothing. */
function takeRoom(
  taken: Int32Array<SharedArrayBuffer>,
  units: number,
  most: number,
): number | undefined {
  for (let start = Atomics.load(taken, 0); start + units <= most;) {
    const found = Atomics.compareExchange(taken, 0, start, start + units);
    if (found === start) return start;
    start = found;
  }
}
