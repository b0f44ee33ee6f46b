/** Chooses validation images from a folder without a split. */
import { extendHash, hashText } from "../../graph/random.ts";
import type { Paths } from "../paths.ts";

/** How many images are held out. */
export type HoldOut = { readonly share: number } | { readonly count: number };

/**
 * The indices `from` to `to` - 1 in a random-looking order that follows from the images' paths and the
 * seed: the same on every machine, and adding an image leaves the others in their order.
 */
export function shuffled(paths: Paths, seed: number, from = 0, to = paths.count): Uint32Array {
  const keys = new Uint32Array(to - from);
  const start = hashText(`${seed}/`);
  for (let i = from; i < to; i++) keys[i - from] = mixed(extendHash(start, paths.bytesOf(i)));
  const order = byKey(keys);
  order.forEach((place, i) => order[i] = from + place);
  return order;
}

/**
 * Splits shuffled images: each class's share is held out, rounded so that the counts add up, and at least
 * one image of each class remains for training.
 *
 * @param labelOf the class of an image by its index
 */
export function stratified(
  pictures: Uint32Array,
  labelOf: (picture: number) => number,
  classes: number,
  holdOut: HoldOut,
): { train: Uint32Array; held: Uint32Array } {
  const sizes = new Array<number>(classes).fill(0);
  for (const picture of pictures) sizes[labelOf(picture)]++;
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
  const isHeld = (picture: number) => counts[labelOf(picture)]-- > 0;
  const flags = Uint8Array.from(pictures, (picture) => Number(isHeld(picture)));
  return {
    train: pictures.filter((_, i) => flags[i] === 0),
    held: pictures.filter((_, i) => flags[i] === 1),
  };
}

/** A 32-bit hash of a path. */
function mixed(hash: number): number {
  // FNV mixes its low bits well but not its high ones, which would keep neighbours in a folder together.
  let key = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  key = Math.imul(key ^ (key >>> 13), 0xc2b2ae35);
  return (key ^ (key >>> 16)) >>> 0;
}

/** The indices of keys in key order, stable: a radix sort, for millions. */
function byKey(keys: Uint32Array): Uint32Array {
  let order = Uint32Array.from(keys, (_, i) => i);
  let sorted = new Uint32Array(keys.length);
  for (const shift of [0, 16]) {
    const ends = new Uint32Array(1 << 16);
    for (const key of keys) ends[(key >>> shift) & 0xffff]++;
    for (let i = 1; i < ends.length; i++) ends[i] += ends[i - 1];
    for (let i = order.length - 1; i >= 0; i--) {
      sorted[--ends[(keys[order[i]] >>> shift) & 0xffff]] = order[i];
    }
    [order, sorted] = [sorted, order];
  }
  return order;
}
