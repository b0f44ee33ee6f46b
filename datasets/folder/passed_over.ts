/** What a search for images passes over, and how often. */
import { spellName } from "../../reporting/controls.ts";
import { formatCount } from "../../reporting/format.ts";

/** A file or folder that is passed over. */
export interface PassedOverFile {
  readonly path: string;
  /** Its ending, or what it is. */
  readonly what: string;
  /** Whether it may well have been meant to be used. */
  readonly isPicture?: boolean;
}

/** Counts by ending, or by what it is. */
export class PassedOver {
  readonly #counts = new Map<string, number>();

  /** @param onFile is told of each */
  constructor(private readonly onFile?: (file: PassedOverFile) => void) {}

  /** Counts one more. */
  add(file: PassedOverFile): void {
    this.count(file.what);
    this.onFile?.(file);
  }

  /** Counts some that are not files of their own. */
  count(what: string, times = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + times);
  }

  /** Such as `passed over 12 × .webp, 1 × hidden`, the most frequent first, if anything was. */
  get summary(): string | undefined {
    if (this.#counts.size === 0) return undefined;
    const counts = [...this.#counts].sort(([, a], [, b]) => b - a)
      .map(([what, times]) => `${formatCount(times)} × ${spellName(what)}`);
    return `skipped ${counts.join(", ")}`;
  }
}
