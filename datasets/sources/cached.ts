/** Caches images after the leading transforms without randomness, from one epoch to the next. */
import type { Raster } from "../../files/raster.ts";
import { RandomStream, STREAM } from "../../graph/random.ts";
import { openCache } from "../caches/registry.ts";
import type { PictureCache } from "../caches/picture_cache.ts";
import type { FreshPicture } from "../keeps_pictures.ts";
import type { SourceHandle, TargetColumn } from "../image_source.ts";
import type { PictureSource } from "../picture_source.ts";
import type { Transform } from "../transform.ts";
import { planTransforms, type TransformChoice } from "../transforms/registry.ts";
import { naming } from "./transformed.ts";

/** How a worker opens {@link CachedSource}. */
export interface CachedHandle extends SourceHandle {
  readonly kind: "cached";
  readonly pictures: SourceHandle;
  readonly transforms: readonly TransformChoice[];
  readonly cache: SourceHandle;
}

/** Images of a source, some from a cache. */
export class CachedSource implements PictureSource {
  readonly count: number;
  readonly channels: number;
  readonly targets: Readonly<Record<string, TargetColumn>>;
  readonly reads: readonly string[];
  readonly #transforms: readonly Transform[];

  /** @param choices transforms without randomness */
  constructor(
    private readonly pictures: PictureSource,
    private readonly choices: readonly TransformChoice[],
    private readonly cache: PictureCache,
  ) {
    this.count = pictures.count;
    this.channels = pictures.channels;
    this.targets = pictures.targets;
    this.reads = [...pictures.reads ?? [], ...cache.reads];
    const options = { from: { height: 1, width: 1 }, isRandom: false };
    this.#transforms = planTransforms(choices, options).transforms;
  }

  /** How a worker opens it, given that of its images. */
  static open(pictures: PictureSource, { transforms, cache }: CachedHandle): CachedSource {
    return new CachedSource(pictures, transforms, openCache(cache));
  }

  async read(index: number): Promise<Raster> {
    const { pictures, cache } = this;
    const kept = cache.get(index);
    if (kept) return kept;
    const picture = await pictures.read(index);
    const changed = naming(
      pictures,
      index,
      () => this.#transforms.reduce((changed, { apply }) => apply(changed, NOTHING_DRAWN), picture),
    );
    // A broken image was replaced by another, which must not be cached as it.
    if (!pictures.isBroken?.(index)) cache.put(index, changed);
    return changed;
  }

  nameOf(index: number): string {
    return this.pictures.nameOf?.(index) ?? `image ${index}`;
  }

  slice(from: number, to: number): CachedSource {
    const { pictures, choices, cache } = this;
    return new CachedSource(pictures.slice(from, to), choices, cache.slice(from, to));
  }

  beginningOf(index: number, most: number): Uint8Array | undefined {
    return this.pictures.beginningOf?.(index, most);
  }

  complaints(): readonly string[] {
    return this.pictures.complaints?.() ?? [];
  }

  get memoryBytes(): number {
    return (this.pictures.memoryBytes ?? 0) + this.cache.memoryBytes;
  }

  takeFresh(): readonly FreshPicture[] {
    return this.cache.takeFresh?.() ?? [];
  }

  keep(pictures: readonly FreshPicture[]): void {
    this.cache.keep?.(pictures);
  }

  async release(): Promise<void> {
    await this.cache.release?.();
  }

  get handle(): CachedHandle | undefined {
    const { pictures: { handle }, choices: transforms, cache } = this;
    return handle && { kind: "cached", pictures: handle, transforms, cache: cache.handle };
  }
}

const NOTHING_DRAWN = new RandomStream({ seed: 0, stream: STREAM.transforms });
