/** Headers of the baseline JPEG files that are decoded here. */

/** A component of an image. */
interface Component {
  readonly id: number;
  /** Blocks per unit, horizontally and vertically. */
  readonly across: number;
  readonly down: number;
  /** Number of the table. */
  readonly quantizers: number;
}

/** Huffman codes: the number of codes of each length from 1 to 16, and the symbols in order. */
export interface Codes {
  readonly counts: Uint8Array;
  readonly symbols: Uint8Array;
}

/** All headers. */
export interface BaselineHeaders {
  readonly width: number;
  readonly height: number;
  /** In the order of their blocks in a unit. */
  readonly components: readonly (Component & { readonly dc: Codes; readonly ac: Codes })[];
  /** Tables by number, in a block's order. */
  readonly quantizers: readonly (Uint8Array | undefined)[];
  /** Units between restarts; 0 for no restarts. */
  readonly restart: number;
  readonly hasJfif: boolean;
  /** Adobe's colour transform, if the file states it. */
  readonly transform?: number;
  /** Offset of the scan's data. */
  readonly scan: number;
}

const [START, SCAN, JFIF, ADOBE] = [0xd8, 0xda, 0xe0, 0xee];
const [QUANTIZERS, CODES, RESTART] = [0xdb, 0xc4, 0xdd];
/** Huffman codes, 8 bits, not progressive. */
const FRAMES = [0xc0, 0xc1];
/** Segments that do not affect pixels: APP0 to APP15 and comments. */
const isRemark = (marker: number) => marker >= 0xe0 && marker <= 0xef || marker === 0xfe;

/**
 * Parses the headers up to the first scan, which must contain all components; undefined for another kind
 * of file, and for one with any irregularity.
 */
export function readBaselineHeaders(bytes: Uint8Array): BaselineHeaders | undefined {
  const quantizers: (Uint8Array | undefined)[] = [];
  const codes: (Codes | undefined)[] = [];
  let frame: Pick<BaselineHeaders, "width" | "height"> & { components: Component[] } | undefined;
  let [restart, hasJfif, transform] = [0, false, undefined as number | undefined];
  if (bytes[0] !== 0xff || bytes[1] !== START) return undefined;
  for (let at = 2; at + 4 <= bytes.length;) {
    const marker = bytes[at + 1];
    const length = bytes[at + 2] << 8 | bytes[at + 3];
    const next = at + 2 + length;
    if (bytes[at] !== 0xff || length < 2 || next > bytes.length) return undefined;
    const content = bytes.subarray(at + 4, next);
    at = next;
    if (marker === QUANTIZERS) {
      if (!readQuantizers(content, quantizers)) return undefined;
    } else if (marker === CODES) {
      if (!readCodes(content, codes)) return undefined;
    } else if (FRAMES.includes(marker)) {
      if (frame) return undefined;
      frame = readFrame(content);
      if (!frame) return undefined;
    } else if (marker === RESTART) {
      if (content.length !== 2) return undefined;
      restart = content[0] << 8 | content[1];
    } else if (marker === SCAN) {
      const components = frame && readScan(content, frame.components, codes);
      if (!frame || !components) return undefined;
      return { ...frame, components, quantizers, restart, hasJfif, transform, scan: next };
    } else if (!isRemark(marker)) {
      return undefined;
    } else if (marker === JFIF) {
      hasJfif ||= startsWith(content, "JFIF\0") && content.length >= 14;
    } else if (marker === ADOBE && startsWith(content, "Adobe") && content.length >= 12) {
      transform = content[11];
    }
  }
  return undefined;
}

function startsWith(content: Uint8Array, text: string): boolean {
  return String.fromCharCode(...content.subarray(0, text.length)) === text;
}

/** Parses quantization tables, which must be 8-bit and fill the segment. */
function readQuantizers(content: Uint8Array, into: (Uint8Array | undefined)[]): boolean {
  for (let at = 0; at < content.length; at += 65) {
    // The upper four bits give the precision of the values: 1 is 16 bits.
    if (content[at] > 3 || at + 65 > content.length) return false;
    into[content[at]] = content.subarray(at + 1, at + 65);
  }
  return true;
}

/** Parses Huffman tables, which must fill the segment; those for later coefficients follow the first four. */
function readCodes(content: Uint8Array, into: (Codes | undefined)[]): boolean {
  for (let at = 0; at < content.length;) {
    const kind = content[at] >> 4;
    const number = content[at] & 15;
    const counts = content.subarray(at + 1, at + 17);
    if (kind > 1 || number > 3 || counts.length < 16) return false;
    const count = counts.reduce((sum, count) => sum + count);
    const symbols = content.subarray(at + 17, at + 17 + count);
    if (count > 256 || symbols.length < count) return false;
    into[4 * kind + number] = { counts, symbols };
    at += 17 + count;
  }
  return true;
}

function readFrame(content: Uint8Array) {
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  const count = content[5];
  if (content[0] !== 8 || content.length !== 6 + 3 * count) return undefined;
  const components = Array.from({ length: count }, (_, i) => {
    const [id, sampling, quantizers] = content.subarray(6 + 3 * i);
    return { id, across: sampling >> 4, down: sampling & 15, quantizers };
  });
  return { height: view.getUint16(1), width: view.getUint16(3), components };
}

/** The components with their codes, if the scan contains all of them completely. */
function readScan(
  content: Uint8Array,
  components: readonly Component[],
  codes: readonly (Codes | undefined)[],
): BaselineHeaders["components"] | undefined {
  const count = components.length;
  const [first, last, bits] = content.subarray(1 + 2 * count);
  if (content.length !== 4 + 2 * count || content[0] !== count) return undefined;
  if (first !== 0 || last !== 63 || bits !== 0) return undefined;
  const found: BaselineHeaders["components"][number][] = [];
  for (const [i, component] of components.entries()) {
    const [id, tables] = content.subarray(1 + 2 * i);
    const [dc, ac] = [codes[tables >> 4], codes[4 + (tables & 15)]];
    if (id !== component.id || tables >> 4 > 3 || !dc || !ac) return undefined;
    found.push({ ...component, dc, ac });
  }
  return found;
}
