/** What is in a file that holds many images, and where. */

/** Of one such file; plain data, which is kept between runs and posted between threads. */
export interface ShardIndex {
  /** Of the images, in UTF-8, each with a zero behind it. */
  readonly names: Uint8Array<ArrayBuffer>;
  /** Labels of all images, one after the other: places in `labelTexts`. */
  readonly labels: Uint32Array<ArrayBuffer>;
  /** How many labels each image has; absent where that is one. */
  readonly labelCounts?: Uint32Array<ArrayBuffer>;
  /** Every label once. */
  readonly labelTexts: readonly string[];
  /** The classes in their order, where the file says it. */
  readonly classNames?: readonly string[];
  /** What is passed over, and how often. */
  readonly passedOver: Readonly<Record<string, number>>;
  /** What is the same of all images of the file; its meaning is the kind's. */
  readonly form?: unknown;
  /** Where each image lies, in numbers whose meaning is the kind's. */
  readonly places: Readonly<Record<string, Float64Array<ArrayBuffer>>>;
}

/** What is wanted of it. */
export interface ShardOptions {
  /** Whether an image may have any number of labels. */
  readonly severalLabels: boolean;
  /** What stands between several labels in a text. */
  readonly separator: string;
  /** Where an image's label is; by default where each kind of file usually has it. */
  readonly label?: string;
  /** Where the image is, likewise. */
  readonly picture?: string;
}

/** Collects what is found in one file. */
export class IndexBuilder {
  readonly #names: string[] = [];
  readonly #labels: number[] = [];
  readonly #labelCounts: number[] = [];
  readonly #texts = new Map<string, number>();
  readonly #passedOver: Record<string, number> = {};
  readonly #places: readonly number[][];

  /** @param placeNames what the numbers are called that say where an image lies */
  constructor(
    private readonly severalLabels: boolean,
    private readonly placeNames: readonly string[],
  ) {
    this.#places = placeNames.map(() => []);
  }

  /** Adds an image, which lies at a place. */
  add(name: string, labels: readonly string[], ...place: readonly number[]): void {
    this.#names.push(name);
    for (const label of labels) {
      if (!this.#texts.has(label)) this.#texts.set(label, this.#texts.size);
      this.#labels.push(this.#texts.get(label)!);
    }
    this.#labelCounts.push(labels.length);
    place.forEach((number, i) => this.#places[i].push(number));
  }

  /** Counts one more of what is passed over. */
  passOver(what: string): void {
    this.#passedOver[what] = (this.#passedOver[what] ?? 0) + 1;
  }

  /** All of it. */
  done(classNames?: readonly string[]): ShardIndex {
    const names = this.#names.map((name) => `${name.replaceAll("\0", "\ufffd")}\0`);
    return {
      names: new TextEncoder().encode(names.join("")),
      labels: Uint32Array.from(this.#labels),
      ...(this.severalLabels ? { labelCounts: Uint32Array.from(this.#labelCounts) } : {}),
      labelTexts: [...this.#texts.keys()],
      ...(classNames ? { classNames } : {}),
      passedOver: this.#passedOver,
      places: Object.fromEntries(
        this.placeNames.map((name, i) => [name, Float64Array.from(this.#places[i])]),
      ),
    };
  }
}
