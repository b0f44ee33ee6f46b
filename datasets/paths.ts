/** Paths of any number of files, in memory that all threads share: the bytes and 4 more each. */

/** A list of paths. */
export class Paths {
  /** Paths relative to `root`, with `/` between their parts. */
  static of(root: string, paths: readonly string[]): Paths {
    const encoder = new TextEncoder();
    const longest = paths.reduce((most, { length }) => Math.max(most, length), 0);
    const scratch = new Uint8Array(3 * longest);
    const starts = new Uint32Array(new SharedArrayBuffer(4 * (paths.length + 1)));
    paths.forEach((path, i) => {
      starts[i + 1] = starts[i] + encoder.encodeInto(path, scratch).written;
    });
    const bytes = new Uint8Array(new SharedArrayBuffer(starts[paths.length]));
    paths.forEach((path, i) => {
      const { written } = encoder.encodeInto(path, scratch);
      bytes.set(scratch.subarray(0, written), starts[i]);
    });
    return new Paths({ root, bytes, starts });
  }

  constructor(readonly handle: PathsHandle) {}

  /** How many there are. */
  get count(): number {
    return this.handle.starts.length - 1;
  }

  /** A path, with its root. */
  at(index: number): string {
    const { root, bytes, starts } = this.handle;
    return `${root}/${new TextDecoder().decode(bytes.slice(starts[index], starts[index + 1]))}`;
  }

  /** Paths `from` to `to` - 1, of the same memory. */
  slice(from: number, to: number): Paths {
    return new Paths({ ...this.handle, starts: this.handle.starts.subarray(from, to + 1) });
  }
}

/** What {@link Paths} are made of, as threads hand it on. */
export interface PathsHandle {
  readonly root: string;
  /** UTF-8, one path after the other. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Where each begins, and at last where the last one ends. */
  readonly starts: Uint32Array<SharedArrayBuffer>;
}
