/** Decodes PNM files (PBM, PGM, PPM). */
import { checkPictureSize, type OnDamage } from "../pixels.ts";
import { cannotHold, cutOff, damageOf, ruined, TOO_FEW } from "./damage.ts";

/** The value of white in text files with separated numbers. */
const SPACES = [...` \t\n\v\f\r`].map((character) => character.charCodeAt(0));
const [COMMENT, LINE_END, ZERO] = [..."#\n0"].map((character) => character.charCodeAt(0));

/**
 * Decodes a PNM file, its samples scaled to 0 to 255. A truncated file gives its available pixels. Throws
 * InputError if there are none.
 */
export function decodePnm(bytes: Uint8Array, onDamage: OnDamage): ImageData {
  const kind = bytes[1] - ZERO;
  const isText = kind <= 3;
  const isBits = kind === 1 || kind === 4;
  const text = new NumberReader(bytes, 2);
  const [width = 0, height = 0, most = 1] = Array.from(
    { length: isBits ? 2 : 3 },
    () => text.next(),
  );
  if (text.isOver) throw ruined("PNM", cutOff(bytes));
  checkPictureSize(width, height);
  if (most < 1 || most > 0xffff) throw ruined("PNM", `its largest sample is ${most}`);
  const channels = kind === 3 || kind === 6 ? 3 : 1;
  const perRow = width * channels;
  // After a single space.
  const at = text.at + 1;
  const sampleBytes = most > 255 ? 2 : 1;
  const stride = isBits ? Math.ceil(width / 8) : perRow * sampleBytes;
  // In text a sample takes a digit and, except for bits, a space.
  const needed = isText ? height * perRow * (isBits ? 1 : 2) - 1 : height * stride;
  if (needed > 256 * (bytes.length - at)) {
    throw ruined("PNM", cannotHold(Math.max(0, bytes.length - at), width, height));
  }
  const isCut = needed > bytes.length - at;
  if (isCut) onDamage(damageOf("PNM", cutOff(bytes)));
  const sampleAt = (row: number, i: number): number | undefined => {
    if (isText) return isBits ? text.digit() : text.next();
    if (isBits) {
      const byte = bytes[at + row * stride + (i >> 3)];
      return byte === undefined ? undefined : byte >> (7 - (i & 7)) & 1;
    }
    const first = at + row * stride + i * sampleBytes;
    return sampleBytes === 1
      ? bytes[first]
      : first + 1 < bytes.length
      ? bytes[first] << 8 | bytes[first + 1]
      : undefined;
  };
  const picture = new ImageData(width, height);
  const { data } = picture;
  for (let row = 0, to = 0; row < height; row++) {
    for (let x = 0; x < width; x++, to += 4) {
      data[to + 3] = 255;
      for (let c = 0; c < channels; c++) {
        const sample = sampleAt(row, x * channels + c);
        if (sample === undefined) {
          if (!isCut) onDamage(damageOf("PNM", TOO_FEW));
          return picture;
        }
        data[to + c] = isBits ? 255 * (1 - sample) : Math.round(sample * 255 / most);
      }
      if (channels === 1) data[to + 1] = data[to + 2] = data[to];
    }
  }
  return picture;
}

/** Reads numbers in text, skipping comments. */
class NumberReader {
  constructor(private readonly bytes: Uint8Array, public at: number) {}

  /** Whether a number was missing. */
  isOver = false;

  /** The next number; undefined at the end, and if it is malformed. */
  next(): number | undefined {
    let number = this.digit();
    if (number === undefined) return undefined;
    for (; this.#isDigit(); this.at++) number = 10 * number + this.bytes[this.at] - ZERO;
    return number;
  }

  /** The next single digit. */
  digit(): number | undefined {
    while (SPACES.includes(this.bytes[this.at]) || this.bytes[this.at] === COMMENT) {
      if (this.bytes[this.at] !== COMMENT) this.at++;
      else while (this.at < this.bytes.length && this.bytes[this.at] !== LINE_END) this.at++;
    }
    this.isOver ||= !this.#isDigit();
    return this.isOver ? undefined : this.bytes[this.at++] - ZERO;
  }

  #isDigit(): boolean {
    const digit = this.bytes[this.at] - ZERO;
    return digit >= 0 && digit <= 9;
  }
}
