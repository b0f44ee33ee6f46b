/**
 * Images in files, decoded when they are read. The decoder is loaded with the first image, by workers that
 * may only read these files: a training never runs it in its own thread.
 */
import { InputError } from "../../errors.ts";
import type { Colour } from "../../files/pixels.ts";
import type { Raster, Wanted } from "../../files/raster.ts";
import { sum } from "../../reporting/statistics.ts";
import { type BrokenHandle, BrokenPictures } from "../broken_pictures.ts";
import { requireRange, type SourceHandle, type TargetColumn } from "../image_source.ts";
import type { PictureSource } from "../picture_source.ts";
import { openStore } from "../stores/registry.ts";
import type { PictureStore, StoreHandle } from "../stores/store.ts";
import { loadReader, type PictureReader } from "./load_reader.ts";

/** What to do about an image that cannot be read. */
export type OnError = "stop" | "skip";

/** Options of {@link PictureFiles}. */
export interface PictureFilesOptions {
  /** The store of their files. */
  readonly store: StoreHandle;
  /** The indices of these images in the store, in order. */
  readonly order: Uint32Array<SharedArrayBuffer>;
  readonly channels: number;
  /** Background of transparent pixels; without it they keep the colours stored for them. */
  readonly ground?: Colour;
  /** Whether damaged images are accepted, decoded as far as possible. */
  readonly damaged?: boolean;
  readonly onError: OnError;
  /** By name. */
  readonly targets: Readonly<Record<string, TargetColumn>>;
  readonly broken: BrokenHandle;
  /** See `ImageSource.reads`. */
  readonly reads: readonly string[];
}

/** How a worker opens {@link PictureFiles}. */
export interface PictureFilesHandle extends SourceHandle, PictureFilesOptions {
  readonly kind: "picture_files";
}

/** Images of a store. */
export class PictureFiles implements PictureSource {
  readonly count: number;
  readonly channels: number;
  readonly targets: Readonly<Record<string, TargetColumn>>;
  readonly reads: readonly string[];
  readonly #store: PictureStore;
  readonly #broken: BrokenPictures;
  #reader: Promise<PictureReader> | undefined;

  constructor(private readonly options: PictureFilesOptions) {
    this.#store = openStore(options.store);
    this.#broken = new BrokenPictures(options.broken);
    this.count = options.order.length;
    this.channels = options.channels;
    this.targets = options.targets;
    this.reads = options.reads;
  }

  /**
   * An image; with `onError: skip`, one that cannot be read is replaced by the next one of the same
   * targets: which one follows only from the files, not from who reads what when.
   */
  async read(index: number, wanted?: Wanted): Promise<Raster> {
    for (let step = 0; step < this.count; step++) {
      const i = (index + step) % this.count;
      if (this.#broken.has(i) || step > 0 && !this.#isLike(i, index)) continue;
      try {
        const { decodePictureFile } = await (this.#reader ??= loadReader());
        const [name, bytes] = [this.nameOf(i), await this.fileOf(i)];
        const { channels, ground, damaged } = this.options;
        const options = { ground, damaged, wanted };
        return (await decodePictureFile(name, bytes, channels, options)).raster;
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        this.takeForBroken(i, error);
      }
    }
    throw new InputError(
      `${
        this.nameOf(index)
      }: cannot be read, nor can any other image of its class and split; fix ` +
        "or remove it",
    );
  }

  nameOf(index: number): string {
    return this.#store.nameOf(this.options.order[index]);
  }

  fileOf(index: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#store.fileOf(this.options.order[index]);
  }

  identityOf(index: number): string | undefined {
    const { order, ground, damaged } = this.options;
    const identity = this.#store.identityOf?.(order[index]);
    return identity && `${identity} ${ground ?? "as stored"}${damaged ? ", damaged or not" : ""}`;
  }

  isBroken(index: number): boolean {
    return this.#broken.has(index);
  }

  get memoryBytes(): number {
    const columns = Object.values(this.targets).map(({ data }) => data.byteLength);
    return this.options.order.byteLength + sum(columns);
  }

  /**
   * The first bytes of its file; undefined if finding them would take as long as reading it. Throws the
   * system's errors.
   */
  beginningOf(index: number, most: number): Uint8Array | undefined {
    return this.#store.beginningOf?.(this.options.order[index], most);
  }

  /** Marks an image as broken; throws the reason if that ends the training. */
  takeForBroken(index: number, reason: InputError): void {
    if (this.options.onError === "stop") {
      const advice = "set data.onError: skip to skip it";
      throw new InputError(`${reason.message}; ${advice}`, { cause: reason });
    }
    this.#broken.add(index, reason.message);
  }

  slice(from: number, to: number): PictureFiles {
    requireRange(this.count, from, to);
    const targets = Object.fromEntries(
      Object.entries(this.targets).map(([name, column]) => {
        const row = column.data.length / this.count;
        return [name, { ...column, data: column.data.subarray(from * row, to * row) }];
      }),
    );
    return new PictureFiles({
      ...this.options,
      targets,
      order: this.options.order.subarray(from, to),
      broken: this.#broken.slice(from, to).handle,
    });
  }

  complaints(): readonly string[] {
    return this.#broken.reasons();
  }

  get handle(): PictureFilesHandle {
    return { kind: "picture_files", ...this.options };
  }

  #isLike(index: number, other: number): boolean {
    return Object.values(this.targets).every(({ data }) => {
      const row = data.length / this.count;
      const [one, two] = [index, other].map((i) => data.subarray(i * row, (i + 1) * row));
      return one.every((value, i) => value === two[i]);
    });
  }
}
