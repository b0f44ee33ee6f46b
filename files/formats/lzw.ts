/** Unpacks LZW, as used in GIF and TIFF. */

/** Most bits of a code, which limits the number of strings. */
const MAX_BITS = 12;

/** How codes are stored. */
interface LzwKind {
  /** Bits of an unpacked value: the strings of one value have the first codes. */
  readonly bits: number;
  /** Whether codes start at a byte's highest bit, as in TIFF, rather than its lowest. */
  readonly isHighFirst: boolean;
  /** How many codes before necessary the code length grows: 1 in TIFF, 0 in GIF. */
  readonly early: number;
}

/**
 * Unpacks into `into`, at most its length. Returns the number of bytes, which is too low if the codes end
 * early or are invalid.
 */
export function unpackLzw(
  packed: Uint8Array,
  into: Uint8Array,
  { bits, isHighFirst, early }: LzwKind,
): number {
  const clear = 1 << bits;
  const end = clear + 1;
  // A string is a previous string and one more byte.
  const before = new Uint16Array(1 << MAX_BITS);
  const last = new Uint8Array(1 << MAX_BITS);
  const lengths = new Uint16Array(1 << MAX_BITS).fill(1);
  for (let code = 0; code < clear; code++) last[code] = code;
  let [next, width, previous] = [end + 1, bits + 1, -1];
  let [buffer, buffered] = [0, 0];
  let filled = 0;
  for (let at = 0; filled < into.length;) {
    while (buffered < width) {
      if (at === packed.length) return filled;
      if (isHighFirst) buffer = (buffer << 8 | packed[at++]) & 0xffffff;
      else buffer |= packed[at++] << buffered;
      buffered += 8;
    }
    buffered -= width;
    const code = (isHighFirst ? buffer >> buffered : buffer) & ((1 << width) - 1);
    if (!isHighFirst) buffer >>>= width;
    if (code === end) break;
    if (code === clear) {
      [next, width, previous] = [end + 1, bits + 1, -1];
      continue;
    }
    const isNew = code === next && previous >= 0;
    if (!isNew && (code >= next || previous < 0 && code > end)) break;
    // The new string is the previous string and the first byte of this one.
    const known = isNew ? previous : code;
    const length = lengths[known];
    let from = known;
    for (let i = filled + length - 1; i > filled; i--) {
      // Writes beyond the end are ignored.
      into[i] = last[from];
      from = before[from];
    }
    const first = last[from];
    into[filled] = first;
    filled += length;
    if (isNew && filled < into.length) into[filled] = first;
    if (isNew) filled++;
    if (previous >= 0 && next < 1 << MAX_BITS) {
      before[next] = previous;
      last[next] = first;
      lengths[next] = lengths[previous] + 1;
      next++;
      if (next + early === 1 << width && width < MAX_BITS) width++;
    }
    previous = code;
  }
  return Math.min(filled, into.length);
}
