/** Lookup tables for Huffman codes. */
import type { Codes } from "./headers.ts";
import { END_OF_BLOCK, LOOK_AHEAD, TABLE } from "./layout.ts";

/** The most bits of a first coefficient's difference in 8-bit images. */
const MAX_DC_BITS = 11;

/**
 * Writes a table in the form of `layout.ts`; returns whether the codes are valid: no more than can exist.
 *
 * @param hasZeros whether symbols contain the zeros before a coefficient and the ends of blocks
 */
export function writeCodeTable(
  memory: Uint8Array,
  at: number,
  { counts, symbols }: Codes,
  hasZeros: boolean,
): boolean {
  const { buffer } = memory;
  const fast = new Int32Array(buffer, at + TABLE.fast, 1 << LOOK_AHEAD).fill(0);
  const limits = new Int32Array(buffer, at + TABLE.limits, 18);
  const firsts = new Int32Array(buffer, at + TABLE.firsts, 18);
  memory.set(symbols, at + TABLE.symbols);
  let [code, index] = [0, 0];
  for (let length = 1; length <= 16; length++) {
    firsts[length] = index - code;
    for (let i = 0; i < counts[length - 1]; i++, code++, index++) {
      const symbol = symbols[index];
      if (!hasZeros && symbol > MAX_DC_BITS) return false;
      if (length <= LOOK_AHEAD) writeFast(fast, code, length, symbol, hasZeros);
    }
    if (code > 1 << length) return false;
    limits[length] = code << (16 - length);
    code <<= 1;
  }
  // Bits that are no code stop here.
  limits[17] = 1 << 16;
  return true;
}

/** Fills the entries of all bit patterns that begin with a code, if they also contain its value's bits. */
function writeFast(
  fast: Int32Array,
  code: number,
  length: number,
  symbol: number,
  hasZeros: boolean,
): void {
  const bits = symbol & 15;
  const total = length + bits;
  if (total > LOOK_AHEAD) return;
  const further = !hasZeros
    ? 0
    : bits > 0
    ? (symbol >> 4) + 1
    : symbol === 0xf0
    ? 16
    : END_OF_BLOCK;
  const rest = LOOK_AHEAD - total;
  for (let read = 0; read < 1 << bits; read++) {
    const value = bits === 0 || read >> (bits - 1) ? read : read - (1 << bits) + 1;
    const start = (code << bits | read) << rest;
    fast.fill(value << 16 | further << 8 | total, start, start + (1 << rest));
  }
}
