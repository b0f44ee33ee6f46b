/**
 * Decodes the common kind of JPEG file in vectors: baseline, all components in one scan, chroma full,
 * halved horizontally or halved both ways. Pixels are bit-identical to libjpeg's. A library decodes all
 * other and damaged files (`../jpeg.ts`) and describes the damage.
 */
import { emptyRaster, type Part, type Raster, type Wanted } from "../../raster.ts";
import { multiplied } from "../inks.ts";
import { writeCodeTable } from "./code_table.ts";
import { MARGIN } from "./entropy.ts";
import { type BaselineHeaders, readBaselineHeaders } from "./headers.ts";
import { AT, BLOCK, COEFFICIENT_BYTES, MAX_BLOCKS, TABLE, WANTED, ZIGZAG } from "./layout.ts";
import { type JpegMachine, startMachine } from "./machine.ts";

/** Bytes that vector accesses may reach beyond the end. */
const SLACK = 64;

/** Bytes of memory above which it is released after an image. */
const LARGE = 1 << 24;

/** Markers: the end of an image, the first of eight restarts. */
const [END, RESTART] = [0xd9, 0xd0];

let machine: JpegMachine | undefined;

/** A component's pixels in memory. */
interface Plane {
  readonly start: number;
  readonly stride: number;
  /** Size without the padding of the last units. */
  readonly columns: number;
  readonly rows: number;
  readonly isHalvedAcross: boolean;
  readonly isHalvedDown: boolean;
}

/**
 * Decodes a file, not rotated, to 1 channel if it is grey, else to 3. Undefined if it is of another kind,
 * damaged, or too large for the memory.
 *
 * @param wanted the part that is decoded to pixels; by default all
 */
export function decodeBaseline(bytes: Uint8Array, wanted?: Wanted): Raster | undefined {
  const headers = readBaselineHeaders(bytes);
  const colours = headers && coloursOf(headers);
  if (!headers || !colours || !isSampledSimply(headers)) return undefined;
  const running = machine ??= startMachine();
  try {
    const { width, height } = headers;
    const part = wanted?.(headers) ?? { top: 0, left: 0, width, height };
    return new Decoding(running, bytes, headers, part).run(colours);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  } finally {
    if (running.bytes().length >= LARGE) machine = undefined;
  }
}

/** The colour space of the components. */
type Colours = "grey" | "YCbCr" | "CMYK" | "YCCK";

/** The colour space, chosen as in libjpeg; undefined if the library decodes it. */
function coloursOf({ components, hasJfif, transform }: BaselineHeaders): Colours | undefined {
  if (components.length === 1) return "grey";
  if (components.length === 4) return transform === undefined || transform === 0 ? "CMYK" : "YCCK";
  if (components.length !== 3) return undefined;
  const isNumbered = components.every(({ id }, i) => id === i + 1);
  const isYcc = hasJfif || (transform === undefined ? isNumbered : transform === 1);
  return isYcc ? "YCbCr" : undefined;
}

/** Whether each component is full or halved in a way that libjpeg interpolates. */
function isSampledSimply({ width, height, components }: BaselineHeaders): boolean {
  const across = Math.max(...components.map(({ across }) => across));
  const down = Math.max(...components.map(({ down }) => down));
  if (width === 0 || height === 0) return false;
  if (components.length === 1) return across === 1 && down === 1;
  const isWhole = (c: { across: number; down: number }) => c.across === across && c.down === down;
  const isHalved = (c: { across: number; down: number }) =>
    across === 2 && down <= 2 && c.across === 1 && c.down === 1 && width > 4;
  const isOnce = across === 1 && down === 1;
  return components.every((c) =>
    isWhole(c) && (isOnce || across === 2 && down <= 2) || isHalved(c)
  );
}

/** Decodes one file. */
class Decoding {
  readonly #planes: readonly Plane[];
  /** Rows of components at the image's width. */
  readonly #rows: readonly number[];
  readonly #file: number;
  readonly #stream: number;
  /** The colours of a row. */
  readonly #output: number;
  readonly #memory: Uint8Array<ArrayBuffer>;
  /** Pixels of a unit. */
  readonly #unit: { readonly width: number; readonly height: number };
  readonly #perRow: number;
  readonly #unitRows: number;

  constructor(
    private readonly machine: JpegMachine,
    private readonly bytes: Uint8Array,
    private readonly headers: BaselineHeaders,
    private readonly part: Part,
  ) {
    const { width, height, components, scan } = headers;
    const across = Math.max(...components.map(({ across }) => across));
    const down = Math.max(...components.map(({ down }) => down));
    this.#unit = { width: 8 * across, height: 8 * down };
    this.#perRow = Math.ceil(width / this.#unit.width);
    this.#unitRows = Math.ceil(height / this.#unit.height);
    let end: number = AT.heap;
    const reserve = (length: number) => {
      const start = end;
      end += 16 * Math.ceil((length + SLACK) / 16);
      return start;
    };
    this.#file = reserve(bytes.length - scan);
    this.#stream = reserve(MARGIN + bytes.length - scan) + MARGIN + bytes.length - scan;
    this.#planes = components.map((component): Plane => {
      const stride = 8 * this.#perRow * component.across + 16;
      const [halvedAcross, halvedDown] = [across / component.across, down / component.down];
      return {
        // A row has one sample before its first.
        start: reserve(stride * 8 * this.#unitRows * component.down + 16) + 16,
        stride,
        columns: Math.ceil(width / halvedAcross),
        rows: Math.ceil(height / halvedDown),
        isHalvedAcross: halvedAcross === 2,
        isHalvedDown: halvedDown === 2,
      };
    });
    this.#rows = components.map(() => reserve(width + 16));
    this.#output = reserve(3 * width);
    this.#memory = machine.bytes(end);
  }

  run(colours: Colours): Raster | undefined {
    if (!this.#writeTables() || !this.#decodeScan()) return undefined;
    const { width, height } = this.headers;
    const picture = emptyRaster(height, width, colours === "grey" ? 1 : 3);
    const { top, height: rows } = this.part;
    for (let y = top; y < top + rows; y++) {
      if (colours === "grey") this.#copy(this.#row(0, y), y, picture);
      else if (colours === "YCbCr") this.#colour(y, picture);
      else this.#mixInks(y, picture, colours === "YCCK");
    }
    return picture;
  }

  /** Whether all tables are present and valid. */
  #writeTables(): boolean {
    const { components, quantizers } = this.headers;
    const memory = this.#memory;
    const words = new Uint32Array(memory.buffer, 0, AT.heap >> 2);
    const units = components.reduce((sum, { across, down }) => sum + across * down, 0);
    if (units > MAX_BLOCKS) return false;
    let block: number = AT.blocks;
    for (const [i, { across, down, quantizers: number, dc, ac }] of components.entries()) {
      const table = quantizers[number];
      if (!table) return false;
      const factors = AT.quantizers + i * COEFFICIENT_BYTES;
      table.forEach((factor, place) => {
        memory[factors + 2 * ZIGZAG[place]] = factor;
        memory[factors + 2 * ZIGZAG[place] + 1] = 0;
      });
      const [dcTable, acTable] = [0, 4].map((first) => AT.tables + (first + i) * TABLE.bytes);
      if (!writeCodeTable(memory, dcTable, dc, false)) return false;
      if (!writeCodeTable(memory, acTable, ac, true)) return false;
      const { start, stride } = this.#planes[i];
      for (let y = 0; y < down; y++) {
        for (let x = 0; x < across; x++, block += BLOCK.bytes) {
          const fields: Readonly<Record<Exclude<keyof typeof BLOCK, "bytes">, number>> = {
            pixels: start + 8 * y * stride + 8 * x,
            right: 8 * across,
            down: 8 * down * stride - 8 * across * this.#perRow,
            stride,
            quantizers: factors,
            dcTable,
            acTable,
            prediction: AT.predictions + 4 * i,
          };
          for (const name of Object.keys(fields) as (keyof typeof fields)[]) {
            words[block + BLOCK[name] >> 2] = fields[name];
          }
        }
      }
    }
    return true;
  }

  /** Decodes all units into planes; whether the stream contains them all and nothing else. */
  #decodeScan(): boolean {
    const { machine: { functions }, headers: { components, restart, scan } } = this;
    const memory = this.#memory;
    const end = this.#file + this.bytes.length - scan;
    memory.set(this.bytes.subarray(scan), this.#file);
    // A marker that no file contains, which ends the encoded data.
    memory.fill(0xff, end, end + SLACK);
    const words = new Uint32Array(memory.buffer, 0, AT.heap >> 2);
    this.#writeWanted(words.subarray(AT.wanted >> 2));
    const units = this.#perRow * this.#unitRows;
    const blocks = components.reduce((sum, { across, down }) => sum + across * down, 0);
    const blocksEnd = AT.blocks + BLOCK.bytes * blocks;
    let from = this.#file;
    for (let done = 0, restarts = 0; done < units; restarts++) {
      const count = restart === 0 ? units : Math.min(restart, units - done);
      words.fill(0, AT.predictions >> 2, (AT.predictions >> 2) + 4);
      const marker = functions.unstuff(from, this.#stream, AT.written);
      const [row, column] = [Math.floor(done / this.#perRow), done % this.#perRow];
      const low = words[AT.written >> 2];
      const left = functions.decode(
        count,
        this.#perRow,
        column,
        row,
        blocksEnd,
        this.#stream,
        low,
      );
      // Less than a byte pads the last one.
      if (left < 0 || left >= 8 || marker >= end) return false;
      done += count;
      if (memory[marker + 1] !== (done < units ? RESTART + restarts % 8 : END)) return false;
      from = marker + 2;
    }
    return true;
  }

  /** Stores which units to decode: those of the part and the neighbours that interpolation reads. */
  #writeWanted(words: Uint32Array): void {
    const { top, left, width, height } = this.part;
    const unit = this.#unit;
    words[WANTED.left >> 2] = Math.max(0, left - 2) / unit.width;
    words[WANTED.right >> 2] = Math.ceil((left + width + 2) / unit.width);
    words[WANTED.top >> 2] = Math.max(0, top - 2) / unit.height;
    words[WANTED.bottom >> 2] = Math.ceil((top + height + 2) / unit.height);
  }

  /** Copies the wanted part of a row. */
  #copy(row: number, y: number, { data, width, channels }: Raster): void {
    const { left, width: columns } = this.part;
    const [from, to] = [row + channels * left, row + channels * (left + columns)];
    data.set(this.#memory.subarray(from, to), channels * (y * width + left));
  }

  #colour(y: number, picture: Raster): void {
    const { left, width } = this.part;
    const [luma, blue, red] = this.#planes.map((_, i) => this.#row(i, y) + left);
    this.machine.functions.paint(luma, blue, red, this.#output + 3 * left, width);
    this.#copy(this.#output, y, picture);
  }

  /** Converts inks stored inverted, as Adobe and nearly all programs do: 255 is no ink. */
  #mixInks(y: number, { data, width }: Raster, isYcck: boolean): void {
    const memory = this.#memory;
    const rows = this.#planes.map((_, i) => this.#row(i, y));
    const [first, second, third, black] = rows;
    if (isYcck) this.machine.functions.paint(first, second, third, this.#output, width);
    for (let x = 0, to = 3 * y * width; x < width; x++) {
      const light = memory[black + x];
      for (let c = 0; c < 3; c++, to++) {
        const own = isYcck ? 255 - memory[this.#output + 3 * x + c] : memory[rows[c] + x];
        data[to] = multiplied(own, light);
      }
    }
  }

  /** Address of a component's row at the image's width. */
  #row(component: number, y: number): number {
    const { start, stride, columns, rows, isHalvedAcross, isHalvedDown } = this.#planes[component];
    if (!isHalvedAcross) return start + y * stride;
    const near = isHalvedDown ? y >> 1 : y;
    const far = isHalvedDown ? Math.min(rows - 1, Math.max(0, near + (y & 1 ? 1 : -1))) : y;
    const [from, beside] = [near, far].map((row) => start + row * stride);
    const to = this.#rows[component];
    const [even, odd] = isHalvedDown ? [8, 7] : [4, 8];
    this.machine.functions.widen(from, beside, to, columns, even, odd);
    return to;
  }
}
