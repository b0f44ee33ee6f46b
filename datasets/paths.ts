/** Any number of file paths in shared memory: their bytes and 4 more each. */
import { InputError } from "../errors.ts";
import { Growing } from "./growing.ts";

/** Bytes per block; no path crosses a block boundary. */
const BLOCK_BYTES = 2 ** 20;

/** Most bytes of paths, for 4-byte offsets. */
const MAX_BYTES = 2 ** 32;

/** A list of paths. */
export class Paths {
  constructor(readonly handle: PathsHandle) {}

  /** Number of paths. */
  get count(): number {
    return this.handle.ends.length;
  }

  /** A path, with its root. */
  at(index: number): string {
    return `${this.handle.root}/${this.relative(index)}`;
  }

  /** A path, without its root. */
  relative(index: number): string {
    return new TextDecoder().decode(this.bytesOf(index).slice());
  }

  /** A path in UTF-8, without its root. */
  bytesOf(index: number): Uint8Array<SharedArrayBuffer> {
    const { blocks, ends } = this.handle;
    const before = index === 0 ? 0 : ends[index - 1];
    const length = ends[index] - before;
    if (length === 0) return blocks[0].subarray(0, 0);
    const block = Math.floor((ends[index] - 1) / BLOCK_BYTES);
    const start = block * BLOCK_BYTES;
    return blocks[block].subarray(Math.max(0, before - start), ends[index] - start);
  }
}

/** The shared memory of {@link Paths}. */
export interface PathsHandle {
  readonly root: string;
  /** UTF-8, one path after the other; one that would cross a block boundary starts the next block. */
  readonly blocks: readonly Uint8Array<SharedArrayBuffer>[];
  /** End offset of each, counted through all blocks. */
  readonly ends: Uint32Array<SharedArrayBuffer>;
}

/** Collects paths. */
export class PathList {
  readonly #encoder = new TextEncoder();
  readonly #blocks = [emptyBlock()];
  readonly #ends = new Growing(Uint32Array<SharedArrayBuffer>);

  /** Number of paths so far. */
  get count(): number {
    return this.#ends.length;
  }

  /**
   * Adds a path with `/` between its parts. Throws InputError if it is too long or the total exceeds the
   * limit.
   */
  add(path: string): void {
    let start = (this.#blocks.length - 1) * BLOCK_BYTES;
    const end = this.count === 0 ? 0 : this.#ends.at(this.count - 1);
    let { read, written } = this.#encoder.encodeInto(
      path,
      this.#blocks.at(-1)!.subarray(end - start),
    );
    if (read < path.length) {
      start += BLOCK_BYTES;
      this.#blocks.push(emptyBlock());
      ({ read, written } = this.#encoder.encodeInto(path, this.#blocks.at(-1)!));
      if (read < path.length || start + written >= MAX_BYTES) {
        throw new InputError(
          "the paths of these images exceed 4 GiB in total; use fewer or shorter ones",
        );
      }
      this.#ends.push(start + written);
    } else {
      this.#ends.push(end + written);
    }
  }

  /** All paths, relative to `root`, without a copy. */
  done(root: string): Paths {
    return new Paths({ root, blocks: this.#blocks, ends: this.#ends.used });
  }
}

function emptyBlock(): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(new SharedArrayBuffer(BLOCK_BYTES));
}
