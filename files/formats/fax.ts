/** Unpacks group 4 faxes (ITU-T T.6) in TIFF files: black-and-white rows, each coded relative to the row above. */

/** Codes of runs of 0, 1, … 63 pixels, then of 64, 128, … 1728; then those shared by both colours. */
const WHITE_CODES =
  `00110101 000111 0111 1000 1011 1100 1110 1111 10011 10100 00111 01000 001000 000011 110100 110101
   101010 101011 0100111 0001100 0001000 0010111 0000011 0000100 0101000 0101011 0010011 0100100
   0011000 00000010 00000011 00011010 00011011 00010010 00010011 00010100 00010101 00010110 00010111
   00101000 00101001 00101010 00101011 00101100 00101101 00000100 00000101 00001010 00001011 01010010
   01010011 01010100 01010101 00100100 00100101 01011000 01011001 01011010 01011011 01001010 01001011
   00110010 00110011 00110100 11011 10010 010111 0110111 00110110 00110111 01100100 01100101 01101000
   01100111 011001100 011001101 011010010 011010011 011010100 011010101 011010110 011010111 011011000
   011011001 011011010 011011011 010011000 010011001 010011010 011000 010011011`;
const BLACK_CODES =
  `0000110111 010 11 10 011 0011 0010 00011 000101 000100 0000100 0000101 0000111 00000100 00000111
   000011000 0000010111 0000011000 0000001000 00001100111 00001101000 00001101100 00000110111
   00000101000 00000010111 00000011000 000011001010 000011001011 000011001100 000011001101
   000001101000 000001101001 000001101010 000001101011 000011010010 000011010011 000011010100
   000011010101 000011010110 000011010111 000001101100 000001101101 000011011010 000011011011
   000001010100 000001010101 000001010110 000001010111 000001100100 000001100101 000001010010
   000001010011 000000100100 000000110111 000000111000 000000100111 000000101000 000001011000
   000001011001 000000101011 000000101100 000001011010 000001100110 000001100111 0000001111
   000011001000 000011001001 000001011011 000000110011 000000110100 000000110101 0000001101100
   0000001101101 0000001001010 0000001001011 0000001001100 0000001001101 0000001110010 0000001110011
   0000001110100 0000001110101 0000001110110 0000001110111 0000001010010 0000001010011 0000001010100
   0000001010101 0000001011010 0000001011011 0000001100100 0000001100101`;
const LONG_CODES =
  `00000001000 00000001100 00000001101 000000010010 000000010011 000000010100 000000010101
   000000010110 000000010111 000000011100 000000011101 000000011110 000000011111`;

/** How a colour change is coded: relative to the row above, `PASS` for none yet, `RUNS` for two lengths. */
const [PASS, RUNS] = [100, 101];
const MODES = new Map<string, number>([
  ["0001", PASS],
  ["001", RUNS],
  ["1", 0],
  ["011", 1],
  ["000011", 2],
  ["0000011", 3],
  ["010", -1],
  ["000010", -2],
  ["0000010", -3],
]);

/** Meanings of codes, by the code after a 1. */
type Codes = ReadonlyMap<number, number>;

const keyOf = (code: string) => parseInt(`1${code}`, 2);
const MODE_CODES: Codes = new Map([...MODES].map(([code, mode]) => [keyOf(code), mode]));
const [WHITE, BLACK] = [WHITE_CODES, BLACK_CODES].map((codes): Codes =>
  new Map(
    `${codes} ${LONG_CODES}`.split(/\s+/).map((code, i) => [
      keyOf(code),
      i < 64 ? i : 64 * (i - 63),
    ]),
  )
);
const LONGEST_CODE = 13;

/**
 * Unpacks rows of bits, black ones set, each row padded to a byte. Returns the number of bytes written;
 * decoding stops at the first invalid code.
 */
export function unpackFax(
  packed: Uint8Array,
  into: Uint8Array,
  width: number,
  height: number,
): number {
  const reader = new CodeReader(packed);
  const stride = Math.ceil(width / 8);
  /** Columns where the colour changes, starting with white. */
  let above: number[] = [];
  for (let row = 0; row < height; row++) {
    const changes = readRow(reader, above, width);
    if (!changes) return row * stride;
    for (let i = 0; i < changes.length; i += 2) {
      const end = changes[i + 1] ?? width;
      for (let x = changes[i]; x < end; x++) into[row * stride + (x >> 3)] |= 0x80 >> (x & 7);
    }
    above = changes;
  }
  return stride * height;
}

function readRow(
  reader: CodeReader,
  above: readonly number[],
  width: number,
): number[] | undefined {
  const changes: number[] = [];
  let [at, isBlack, i] = [0, false, 0];
  while (at < width) {
    // The next change above to the other colour, and the one after it.
    while (i > 0 && above[i - 1] > at) i--;
    while (i < above.length && (above[i] <= at && (at > 0 || changes.length > 0))) i++;
    if ((i % 2 === 1) !== isBlack) i++;
    const [next = width, second = width] = [above[i], above[i + 1]];
    const mode = reader.next(MODE_CODES);
    if (mode === undefined) return undefined;
    if (mode === PASS) {
      at = second;
    } else if (mode === RUNS) {
      for (const colour of [isBlack, !isBlack]) {
        const length = reader.run(colour ? BLACK : WHITE);
        if (length === undefined) return undefined;
        at = Math.min(width, at + length);
        changes.push(at);
      }
    } else {
      if (next + mode < at || next + mode > width) return undefined;
      at = next + mode;
      changes.push(at);
      isBlack = !isBlack;
    }
  }
  return changes;
}

class CodeReader {
  #bit = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** The meaning of the next code; undefined if it is invalid. */
  next(codes: Codes): number | undefined {
    for (let key = 1, length = 0; length <= LONGEST_CODE; length++, this.#bit++) {
      const meaning = codes.get(key);
      if (meaning !== undefined) return meaning;
      if (this.#bit >> 3 >= this.bytes.length) return undefined;
      key = key << 1 | this.bytes[this.#bit >> 3] >> (7 - (this.#bit & 7)) & 1;
    }
  }

  /** The length of a run: any number of long codes and one below 64. */
  run(codes: Codes): number | undefined {
    for (let total = 0;;) {
      const length = this.next(codes);
      if (length === undefined) return undefined;
      total += length;
      if (length < 64) return total;
    }
  }
}
