/** The labels of images: one class each, or any number of classes. */
import { InputError } from "../../errors.ts";
import { spellName } from "../../reporting/controls.ts";
import { someOf } from "../../reporting/format.ts";
import { Growing } from "../growing.ts";
import { byCodePoint } from "./names.ts";

/** Labels by image index. */
export class Labels {
  readonly #values = new Growing(Int32Array<SharedArrayBuffer>);
  /** Where each image's labels end; absent if each has one. */
  readonly #ends?: Growing<Uint32Array<SharedArrayBuffer>>;

  /** @param several whether an image may have any number of labels */
  constructor(readonly several: boolean) {
    if (several) this.#ends = new Growing(Uint32Array<SharedArrayBuffer>);
  }

  /** Adds the classes of the next image; ~c means that it is unknown whether class c is shown. */
  add(...classes: readonly number[]): void {
    for (const one of classes) this.#values.push(one);
    this.#ends?.push(this.#values.length);
  }

  /** Renumbers the labels added so far. */
  renumber(numbers: ArrayLike<number>): void {
    const values = this.#values.used;
    values.forEach((value, i) => values[i] = value < 0 ? ~numbers[~value] : numbers[value]);
  }

  /** The classes of an image. */
  of(picture: number): Int32Array {
    const ends = this.#ends;
    if (!ends) return this.#values.used.subarray(picture, picture + 1);
    return this.#values.used.subarray(picture === 0 ? 0 : ends.at(picture - 1), ends.at(picture));
  }

  /** The class used for splitting: the image's first, or 0 if it has none. */
  firstOf(picture: number): number {
    if (!this.#ends) return this.#values.at(picture);
    const [first = 0] = this.of(picture);
    return first < 0 ? ~first : first;
  }

  /** A fingerprint of the labels. */
  get parts(): readonly (Int32Array | Uint32Array)[] {
    return [this.#values.used, ...(this.#ends ? [this.#ends.used] : [])];
  }
}

/** Maps label texts to class numbers. */
export class ClassNames {
  readonly #numbers: Map<string, number>;
  #isSettled: boolean;

  /** @param wanted in class order; by default all labels, sorted */
  constructor(private readonly wanted?: readonly string[]) {
    this.#numbers = new Map(wanted?.map((name, i) => [name, i]));
    this.#isSettled = wanted !== undefined;
  }

  /**
   * The number of a label, provisional until all are known. If the classes were listed, a label may also be
   * an index from 0, as in files without class names. Throws InputError for a label that is not a class.
   *
   * @param place where the label is, for errors
   */
  numberOf(label: string, place: () => string): number {
    const number = this.#numbers.get(label) ?? this.#placeOf(label);
    if (number !== undefined) return number;
    if (this.#isSettled) {
      throw new InputError(
        `${place()}: found the label ${spellName(JSON.stringify(label))}, expected one of ` +
          someOf([...this.#numbers.keys()].map(spellName)),
      );
    }
    this.#numbers.set(label, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  /**
   * Ends the collection: sorts the labels, numeric ones by value, and assigns the final numbers to the
   * images. Throws InputError for fewer than two labels and for an unprintable one.
   */
  settle(labels: Labels, place: string): readonly string[] {
    if (this.#isSettled) return [...this.#numbers.keys()];
    const found = [...this.#numbers.keys()];
    const strange = found.find((name) => /\p{Cc}/u.test(name));
    if (strange !== undefined) {
      throw new InputError(
        `${place}: the label ${spellName(JSON.stringify(strange))} has unprintable characters`,
      );
    }
    if (found.length < 2) {
      throw new InputError(
        `${place}: expected at least two labels, found ${someOf(found) || "none"}`,
      );
    }
    const areNumbers = found.every((name) => /^\d{1,15}$/.test(name));
    const names = found.toSorted(areNumbers ? (a, b) => Number(a) - Number(b) : byCodePoint);
    names.forEach((name, i) => this.#numbers.set(name, i));
    labels.renumber(found.map((name) => this.#numbers.get(name)!));
    this.#isSettled = true;
    return names;
  }

  #placeOf(label: string): number | undefined {
    const place = /^\d{1,9}$/.test(label) ? Number(label) : Infinity;
    return this.wanted && place < this.wanted.length ? place : undefined;
  }
}
