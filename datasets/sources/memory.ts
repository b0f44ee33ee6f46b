/** Images in shared memory, served as they are. */
import { InputError } from "../../errors.ts";
import { sizeOf } from "../../graph/types.ts";
import {
  emptyTargets,
  type ImageShape,
  imageSize,
  type ImageSource,
  LABELS,
  requireRange,
  type SourceHandle,
  type TargetColumn,
} from "../image_source.ts";

/** The contents of a {@link MemorySource}. */
export interface MemoryImages {
  /** [count, height, width, channels], row-major. */
  readonly images: Uint8Array<SharedArrayBuffer>;
  /** Extents of every image. */
  readonly shape: ImageShape;
  /** By name. */
  readonly targets: Readonly<Record<string, TargetColumn>>;
}

/**
 * Images in memory. Throws InputError for an incomplete image and for targets of another number of images.
 *
 * ```ts
 * import { LABELS, MemorySource } from "./mod.ts";
 *
 * const shape = { height: 8, width: 8, channels: 1 };
 * const images = new Uint8Array(new SharedArrayBuffer(10 * 64));
 * const data = new Int32Array(new SharedArrayBuffer(4 * 10));
 * const source = new MemorySource({ images, shape, targets: { labels: { ...LABELS, data } } });
 * console.log(source.count, source.slice(2, 5).count); // 10 3
 * ```
 */
export class MemorySource implements ImageSource {
  readonly count: number;
  /** [count, height, width, channels], row-major. */
  readonly images: Uint8Array<SharedArrayBuffer>;
  readonly shape: ImageShape;
  readonly targets: Readonly<Record<string, TargetColumn>>;

  /** A source of these images, without a copy. */
  constructor({ images, shape, targets }: MemoryImages) {
    this.images = images;
    this.shape = shape;
    this.targets = targets;
    this.count = images.length / imageSize(shape);
    if (!Number.isInteger(this.count)) {
      throw new InputError(
        `the images have ${images.length} bytes; expected a multiple of ${imageSize(shape)}, the ` +
          "size of an image",
        { at: ["images"] },
      );
    }
    for (const [name, column] of Object.entries(targets)) {
      if (column.data.length === this.count * sizeOf(column.shape)) continue;
      throw new InputError(
        `${name} has ${column.data.length} numbers and the images ${images.length} bytes; ` +
          `expected ${sizeOf(column.shape)} and ${imageSize(shape)} per image`,
      );
    }
  }

  read(index: number, _epoch: number, into: Uint8Array): void {
    const size = imageSize(this.shape);
    into.set(this.images.subarray(index * size, (index + 1) * size));
  }

  slice(from: number, to: number): MemorySource {
    requireRange(this.count, from, to);
    const size = imageSize(this.shape);
    return new MemorySource({
      images: this.images.subarray(from * size, to * size),
      shape: this.shape,
      targets: Object.fromEntries(
        Object.entries(this.targets).map(([name, column]) => {
          const row = sizeOf(column.shape);
          return [name, { ...column, data: column.data.subarray(from * row, to * row) }];
        }),
      ),
    });
  }

  get handle(): SourceHandle & MemoryImages {
    const { images, shape, targets } = this;
    return { kind: "memory", images, shape, targets };
  }
}

/** Memory for `count` images with `labels`, freshly shared, all zero. */
export function emptyLabelled(
  count: number,
  shape: ImageShape,
): { source: MemorySource; labels: Int32Array<SharedArrayBuffer> } {
  const images = new Uint8Array(new SharedArrayBuffer(count * imageSize(shape)));
  const labels = emptyTargets(LABELS, count);
  const targets = { labels: { ...LABELS, data: labels } };
  return { source: new MemorySource({ images, shape, targets }), labels };
}
