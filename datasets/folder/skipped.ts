/** Counts what a search for images skips. */
import { spellName } from "../../reporting/controls.ts";
import { formatCount } from "../../reporting/format.ts";

/** A skipped file or folder. */
export interface SkippedFile {
  readonly path: string;
  /** Its extension, or its kind. */
  readonly what: string;
  /** Whether it may have been meant to be used. */
  readonly isPicture?: boolean;
}

/** Counts by extension or kind. */
export class Skipped {
  readonly #counts = new Map<string, number>();

  /** @param onFile receives each file */
  constructor(private readonly onFile?: (file: SkippedFile) => void) {}

  /** Counts one more. */
  add(file: SkippedFile): void {
    this.count(file.what);
    this.onFile?.(file);
  }

  /** Counts items that are not separate files. */
  count(what: string, times = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + times);
  }

  /** A summary such as `skipped 12 × .webp, 1 × hidden`, the most frequent first; undefined if empty. */
  get summary(): string | undefined {
    if (this.#counts.size === 0) return undefined;
    const counts = [...this.#counts].sort(([, a], [, b]) => b - a)
      .map(([what, times]) => `${formatCount(times)} × ${spellName(what)}`);
    return `skipped ${counts.join(", ")}`;
  }
}
