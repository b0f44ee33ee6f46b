/** Memory layout of the JPEG decoder's module: addresses in bytes. */

/**
 * Bits looked up at once; few codes are longer, including the bits of their value. To try another number:
 * `bench/pictures/compare.ts`.
 */
export const LOOK_AHEAD = 10;

/**
 * A table of Huffman codes:
 *
 * - `fast`, i32 for each value of the next {@link LOOK_AHEAD} bits: the coefficient in the upper 16 bits,
 *   then 8 bits with its distance in places, then 8 bits with the number of bits it takes; 0 if the code
 *   and value do not fit;
 * - for codes of each length from 1 up, i32: `limits`, the first code beyond them, as 16 bits, and
 *   `firsts`, an offset that added to a code gives the index of its symbol;
 * - `symbols`, u8: the number of zeros before the coefficient (4 bits) and of its bits (4 bits).
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
  /** Address of its pixels, which advances with each unit. */
  pixels: 0,
  /** Distance to the next unit, and the additional distance after each row of units. */
  right: 4,
  down: 8,
  /** Bytes from one row of pixels to the next. */
  stride: 12,
  quantizers: 16,
  dcTable: 20,
  acTable: 24,
  /** Address of the value from which the next one is encoded as a difference. */
  prediction: 28,
  bytes: 32,
} as const;

/** The units to decode to pixels, u32 each: the first, and one past the last. */
export const WANTED = { left: 0, right: 4, top: 8, bottom: 12 } as const;

/** The most blocks of a unit. */
export const MAX_BLOCKS = 10;

/** Most places that a symbol advances: 63, to which 16 more are limited, and 80 at a block's end. */
export const END_OF_BLOCK = 80;
const PLACES = 64 + END_OF_BLOCK;

/** Bytes of a block's coefficients, i16 [8, 8], and of a spare block that is never read. */
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
  /** u8: for each place in a block's order, the byte offset of its coefficient. */
  order: 0,
  blocks,
  coefficients,
  /** i32, one per component. */
  predictions,
  /** u32: how far a stream was written. */
  written,
  /** {@link WANTED}. */
  wanted,
  /** u16 [8, 8], four of them. */
  quantizers,
  /** {@link TABLE}s, four for the first coefficients of blocks and four for the others. */
  tables,
  /** Start of the memory that depends on the image. */
  heap: tables + 8 * TABLE.bytes + 15 & ~15,
} as const;

/** The order in which a block's coefficients are encoded: the position of each in the block's rows. */
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
    // As in libjpeg, coefficients beyond a block's end, in a damaged file, go to the last position.
    if (i < 64 + 16) return 2 * ZIGZAG[Math.min(i, 63)];
    return COEFFICIENT_BYTES;
  });
}
