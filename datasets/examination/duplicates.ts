/** Finds identical files among any number. */
import { DIGEST_BYTES } from "../sources/examined.ts";

/**
 * Groups of two or more indices with equal digests, in ascending order; an all-zero digest is missing.
 *
 * @param digests {@link DIGEST_BYTES} per index
 */
export function equalAmong(digests: Uint8Array): number[][] {
  const view = new DataView(digests.buffer, digests.byteOffset);
  const count = digests.length / DIGEST_BYTES;
  const words = (place: number, word: number) => view.getUint32(place * DIGEST_BYTES + 4 * word);
  const compare = (a: number, b: number) => {
    for (let word = 0; word < DIGEST_BYTES / 4; word++) {
      const difference = words(a, word) - words(b, word);
      if (difference !== 0) return difference;
    }
    return 0;
  };
  const places = Uint32Array.from({ length: count }, (_, place) => place)
    .filter((place) => [0, 1, 2, 3].some((word) => words(place, word) !== 0))
    .sort((a, b) => compare(a, b) || a - b);
  const groups: number[][] = [];
  for (let from = 0; from < places.length;) {
    let to = from + 1;
    while (to < places.length && compare(places[from], places[to]) === 0) to++;
    if (to - from > 1) groups.push([...places.subarray(from, to)]);
    from = to;
  }
  return groups.sort(([a], [b]) => a - b);
}
