import type { Report } from "./child.ts";

/** The outcomes of the files of a kind. */
export class Totals {
  readonly #counts = { refused: 0, accepted: 0, run: 0, failed: 0 };
  #slowest = { milliseconds: 0, seed: 0 };
  #peak = 0;

  constructor(private readonly kind: string) {}

  /** Files with an outcome worse than a refusal. */
  get failed(): number {
    return this.#counts.failed;
  }

  /** Adds the outcome of a file. Prints how to reproduce a failure. */
  add(seed: number, { outcome, failure, milliseconds, peak }: Report): void {
    const isFailed = outcome === undefined || failure !== undefined;
    this.#counts[isFailed ? "failed" : outcome]++;
    if (milliseconds > this.#slowest.milliseconds) this.#slowest = { milliseconds, seed };
    this.#peak = Math.max(this.#peak, peak);
    if (!isFailed) return;
    console.log(`deno task fuzz --kind ${this.kind} --count 1 --seed ${seed}\n${failure}`);
  }

  toString(): string {
    const { refused, accepted, run, failed } = this.#counts;
    const { milliseconds, seed } = this.#slowest;
    return `${this.kind}: ${refused + accepted + run + failed} files, ${refused} refused, ` +
      `${accepted + run} accepted, ${run} of them run, ${failed} failed; slowest ` +
      `${milliseconds.toFixed(0)} ms (seed ${seed}), at most ${this.#peak.toFixed(0)} MiB`;
  }
}
