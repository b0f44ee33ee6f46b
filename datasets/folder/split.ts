/** Which pictures of a folder without a split of its own validate. */
import { hashText } from "../../graph/random.ts";
import { byCodePoint } from "./walk.ts";

/** How many pictures are held out. */
export type HoldOut = { readonly share: number } | { readonly count: number };

/** A picture and its class. */
export interface Labelled {
  readonly path: string;
  readonly label: number;
  /** All of them, where there may be several; `label` is the first then, or 0. */
  readonly labels?: readonly number[];
}

/**
 * Pictures in an order that looks random and follows from their paths and the seed alone: on every
 * machine the same, and one more picture leaves the others in their order.
 */
export function shuffled(pictures: readonly Labelled[], seed: number): Labelled[] {
  const keyed = pictures.map((picture) => ({ picture, key: keyOf(seed, picture.path) }));
  keyed.sort((a, b) => a.key - b.key || byCodePoint(a.picture.path, b.picture.path));
  return keyed.map(({ picture }) => picture);
}

/**
 * Splits pictures that were shuffled: each class's share is held out, rounded so that the counts add
 * up, and at least one picture of each class is left to train on.
 */
export function stratified(
  pictures: readonly Labelled[],
  classes: number,
  holdOut: HoldOut,
): { train: Labelled[]; held: Labelled[] } {
  const sizes = new Array<number>(classes).fill(0);
  for (const { label } of pictures) sizes[label]++;
  const wanted = "count" in holdOut ? holdOut.count : Math.round(holdOut.share * pictures.length);
  const shares = sizes.map((size) => wanted * size / pictures.length);
  const counts = shares.map((share, label) =>
    Math.max(0, Math.min(Math.floor(share), sizes[label] - 1))
  );
  let rest = wanted - counts.reduce((sum, count) => sum + count, 0);
  const byRest = [...shares.keys()]
    .sort((a, b) =>
      shares[b] - Math.floor(shares[b]) - (shares[a] - Math.floor(shares[a])) || a - b
    );
  for (const label of byRest) {
    if (rest <= 0 || counts[label] >= sizes[label] - 1) continue;
    counts[label]++;
    rest--;
  }
  const [train, held]: Labelled[][] = [[], []];
  for (const picture of pictures) {
    if (counts[picture.label]-- > 0) held.push(picture);
    else train.push(picture);
  }
  return { train, held };
}

/** 32 bits that depend on every letter. */
function keyOf(seed: number, path: string): number {
  // FNV's low bits mix well, its high ones hardly: neighbours in a folder would stay together.
  let key = hashText(`${seed}/${path}`);
  key = Math.imul(key ^ (key >>> 16), 0x85ebca6b);
  key = Math.imul(key ^ (key >>> 13), 0xc2b2ae35);
  return (key ^ (key >>> 16)) >>> 0;
}
