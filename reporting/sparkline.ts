const BLOCKS = "▁▂▃▄▅▆▇█";

/** Draws a growing number of values in a fixed number of characters. */
export class Sparkline {
  #means: number[] = [];
  /** Values that do not complete a mean yet. */
  #sum = 0;
  #count = 0;
  /** Number of values per mean. */
  #each = 1;

  /** @param width most characters */
  constructor(private readonly width: number) {}

  /** Adds a value; values that are not finite are skipped. */
  add(value: number): void {
    if (!Number.isFinite(value)) return;
    this.#sum += value;
    if (++this.#count < this.#each) return;
    this.#means.push(this.#sum / this.#count);
    this.#sum = this.#count = 0;
    if (this.#means.length < 2 * this.width) return;
    const halved = this.#means.filter((_, i) => i % 2 === 0);
    this.#means = halved.map((mean, i) => (mean + this.#means[2 * i + 1]) / 2);
    this.#each *= 2;
  }

  /** The curve from the first value to the last, scaled from its lowest to its highest mean. */
  toString(): string {
    const pairs = this.#means.length > this.width ? 2 : 1;
    const values = Array.from({ length: Math.ceil(this.#means.length / pairs) }, (_, i) => {
      const some = this.#means.slice(i * pairs, (i + 1) * pairs);
      return some.reduce((sum, value) => sum + value, 0) / some.length;
    });
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const step = (most - least) / (BLOCKS.length - 1) || 1;
    return values.map((value) => BLOCKS[Math.round((value - least) / step)]).join("");
  }
}
