/** The contents of a file with many images, and their locations. */

/** The index of one file; plain data, cached between runs and posted between threads. */
export interface ShardIndex {
  /** Names of the images in UTF-8, each terminated by a zero byte. */
  readonly names: Uint8Array<ArrayBuffer>;
  /** Labels of all images, one after the other: indices into `labelTexts`. */
  readonly labels: Uint32Array<ArrayBuffer>;
  /** The number of labels per image; absent if one. */
  readonly labelCounts?: Uint32Array<ArrayBuffer>;
  /** Every label once. */
  readonly labelTexts: readonly string[];
  /** The classes in order, if the file states them. */
  readonly classNames?: readonly string[];
  /** Counts of skipped items. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Data common to all images of the file; its meaning depends on the kind. */
  readonly form?: unknown;
  /** Location of each image, in numbers whose meaning depends on the kind. */
  readonly places: Readonly<Record<string, Float64Array<ArrayBuffer>>>;
}

/** Options of indexing. */
export interface ShardOptions {
  /** Whether an image may have any number of labels. */
  readonly severalLabels: boolean;
  /** Separator of several labels in text. */
  readonly separator: string;
  /** Where an image's label is; by default the usual place for the kind of file. */
  readonly label?: string;
  /** Where the image is, likewise. */
  readonly picture?: string;
}

/** Collects the index of one file. */
export class IndexBuilder {
  readonly #names: string[] = [];
  readonly #labels: number[] = [];
  readonly #labelCounts: number[] = [];
  readonly #texts = new Map<string, number>();
  readonly #skipped: Record<string, number> = {};
  readonly #places: readonly number[][];

  /** @param placeNames names of the numbers that locate an image */
  constructor(
    private readonly severalLabels: boolean,
    private readonly placeNames: readonly string[],
  ) {
    this.#places = placeNames.map(() => []);
  }

  /** Adds an image with its location. */
  add(name: string, labels: readonly string[], ...place: readonly number[]): void {
    this.#names.push(name);
    for (const label of labels) {
      if (!this.#texts.has(label)) this.#texts.set(label, this.#texts.size);
      this.#labels.push(this.#texts.get(label)!);
    }
    this.#labelCounts.push(labels.length);
    place.forEach((number, i) => this.#places[i].push(number));
  }

  /** Counts a skipped item. */
  passOver(what: string): void {
    this.#skipped[what] = (this.#skipped[what] ?? 0) + 1;
  }

  /** The complete index. */
  done(classNames?: readonly string[]): ShardIndex {
    const names = this.#names.map((name) => `${name.replaceAll("\0", "\ufffd")}\0`);
    return {
      names: new TextEncoder().encode(names.join("")),
      labels: Uint32Array.from(this.#labels),
      ...(this.severalLabels ? { labelCounts: Uint32Array.from(this.#labelCounts) } : {}),
      labelTexts: [...this.#texts.keys()],
      ...(classNames ? { classNames } : {}),
      skipped: this.#skipped,
      places: Object.fromEntries(
        this.placeNames.map((name, i) => [name, Float64Array.from(this.#places[i])]),
      ),
    };
  }
}
