/** Where things are in the memory of the JPEG decoder's module: addresses in bytes. */

/** Bits that are looked up at once; few codes are longer with the bits of their value. */
export const LOOK_AHEAD = 10;

/**
 * A table of Huffman codes:
 *
 * - `fast`, i32 for each value of the next {@link LOOK_AHEAD} bits: the coefficient that they hold in
 *   the upper 16 bits, then 8 of how many places further it is, then 8 of how many bits it takes; 0 if
 *   they hold no whole one;
 * - for codes of each length from 1 on, i32: `limits`, the first code beyond them, as 16 bits, and
 *   `firsts`, what a code of that length, added to it, gives: the place of its symbol;
 * - `symbols`, u8: of what is encoded, zeros before it (4 bits) and its bits (4 bits).
 */
export const TABLE = {
  fast: 0,
  limits: 4 << LOOK_AHEAD,
  firsts: (4 << LOOK_AHEAD) + 4 * 18,
  symbols: (4 << LOOK_AHEAD) + 8 * 18,
  bytes: (4 << LOOK_AHEAD) + 8 * 18 + 256,
} as const;

/** A block of a minimum coded unit, i32 each. */
export const BLOCK = {
  /** Where its pixels go; moved on with each unit. */
  pixels: 0,
  /** How far with each unit, and beyond that after each row of units. */
  right: 4,
  down: 8,
  /** Bytes from one row of pixels to the next. */
  stride: 12,
  quantizers: 16,
  dcTable: 20,
  acTable: 24,
  /** Where the value is that the next one is encoded as a difference to. */
  prediction: 28,
  bytes: 32,
} as const;

/** Of which units pixels are made, u32 each: the first, and the first after them. */
export const WANTED = { left: 0, right: 4, top: 8, bottom: 12 } as const;

/** The most blocks of a unit. */
export const MAX_BLOCKS = 10;

/** Furthest that a symbol can lead: 63, beyond which 16 are cut to it, and 80 at the end of a block. */
export const END_OF_BLOCK = 80;
const PLACES = 64 + END_OF_BLOCK;

/** Bytes of the coefficients of a block, i16 [8, 8], and of one that is never read. */
export const COEFFICIENT_BYTES = 128;

const blocks = PLACES;
const coefficients = blocks + MAX_BLOCKS * BLOCK.bytes;
const predictions = coefficients + COEFFICIENT_BYTES + 16;
const written = predictions + 4 * 4;
const wanted = written + 4;
const quantizers = wanted + 16 + 12;
const tables = quantizers + 4 * COEFFICIENT_BYTES;

/** Addresses. */
export const AT = {
  /** u8: for each place in a block's order where its coefficient is, in bytes. */
  order: 0,
  blocks,
  coefficients,
  /** i32, one a component. */
  predictions,
  /** u32: how far a stream was written. */
  written,
  /** {@link WANTED}. */
  wanted,
  /** u16 [8, 8], four of them. */
  quantizers,
  /** {@link TABLE}s, four for the first coefficients of blocks and four for the others. */
  tables,
  /** From here on is what depends on the picture. */
  heap: tables + 8 * TABLE.bytes + 15 & ~15,
} as const;

/** In which order a block's coefficients are encoded: the place of each in the rows of the block. */
export const ZIGZAG: readonly number[] = zigzag();

function zigzag(): number[] {
  const places = Array.from({ length: 64 }, (_, place) => place);
  const diagonal = (place: number) => (place >> 3) + (place & 7);
  // Odd diagonals go down, even ones up.
  const along = (place: number) => diagonal(place) % 2 ? place >> 3 : place & 7;
  return places.sort((a, b) => diagonal(a) - diagonal(b) || along(a) - along(b));
}

/** The bytes at {@link AT.order}. */
export function orderBytes(): Uint8Array {
  return Uint8Array.from({ length: PLACES }, (_, i) => {
    // As libjpeg has it, what a damaged file puts behind a block's end is its last one.
    if (i < 64 + 16) return 2 * ZIGZAG[Math.min(i, 63)];
    return COEFFICIENT_BYTES;
  });
}
