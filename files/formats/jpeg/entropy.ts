/** Emits code that decodes a JPEG scan: from Huffman codes to the pixels of each component. */
import {
  call,
  type Callable,
  type FunctionBuilder,
  i32,
  i32x4,
  i64,
  i8x16,
  type Local,
  type ModuleBuilder,
  select,
  v128,
} from "../../../assembler/mod.ts";
import { AT, BLOCK, COEFFICIENT_BYTES, END_OF_BLOCK, LOOK_AHEAD, TABLE, WANTED } from "./layout.ts";

/** Converts a block's coefficients to pixels. */
export type Transform = Callable<
  { readonly pixels: "i32"; readonly stride: "i32"; readonly quantizers: "i32" },
  "void"
>;

/** Bytes before a stream's first that its reader may access. */
export const MARGIN = 4096;

/**
 * Adds `unstuff(from, at, written)`: copies the encoded bytes from `from` to the next marker, backwards
 * from `at`, so that the next eight bytes of a stream form a number with the first bits highest. Stores at
 * `written` how far that reached, and returns the marker's address. There must be a marker, followed by 16
 * bytes of any kind.
 */
export function addUnstuff(module: ModuleBuilder): void {
  const f = module.function("unstuff", { from: "i32", at: "i32", written: "i32" }, "i32");
  const { from, at, written } = f.parameters;
  const bytes = f.v128();
  const [byte, isCode] = [f.i32(), f.i32()];
  const reversed = Array.from({ length: 16 }, (_, i) => 15 - i);
  f.doWhile(() => {
    f.set(isCode, 1);
    f.set(bytes, v128.load(from));
    f.if(v128.anyTrue(i8x16.eq(bytes, i32x4.constant(-1))), () => {
      f.set(byte, i32.load8U(from));
      f.if(i32.eq(byte, 0xff), () => {
        f.set(isCode, i32.eqz(i32.load8U(from, 1)));
        f.increment(from, isCode);
      });
      f.if(isCode, () => {
        f.increment(from, 1);
        f.increment(at, -1);
        f.emit(i32.store8(at, byte));
      });
    }, () => {
      f.increment(from, 16);
      f.increment(at, -16);
      f.emit(v128.store(at, i8x16.shuffle(bytes, bytes, reversed)));
    });
  }, isCode);
  f.emit(i32.store(written, at));
  f.return(from);
  module.export(f);
}

/**
 * Adds `decode(units, perRow, column, row, blocksEnd, at, low)`: decodes `units` units, `perRow` of them
 * per row, starting in `column` of `row`, from the stream that `unstuff` wrote from `at` down to `low`.
 * Only the rows and columns in `AT.wanted` become pixels. Returns the number of bits left in the stream;
 * below 0 if it is damaged.
 */
export function addDecode(module: ModuleBuilder, transform: Transform): void {
  const f = module.function("decode", {
    units: "i32",
    perRow: "i32",
    column: "i32",
    row: "i32",
    blocksEnd: "i32",
    at: "i32",
    low: "i32",
  }, "i32");
  const { units, perRow, column, row, blocksEnd, low } = f.parameters;
  const stream = new Stream(f, f.parameters.at);
  const [block, pixels, place, entry] = f.locals("i32", 4);
  const [dcTable, acTable, prediction, value, isWanted] = f.locals("i32", 5);
  // From here on, `at` is the address of an eight-byte read.
  f.increment(stream.at, -8);
  /** Whether a position is between the two that are stored. */
  const isBetween = (place: Local<"i32">, first: number) =>
    i32.ltU(
      i32.sub(place, i32.load(AT.wanted, first)),
      i32.sub(i32.load(AT.wanted, first + 4), i32.load(AT.wanted, first)),
    );
  f.doWhile(() => {
    f.set(isWanted, i32.and(isBetween(column, WANTED.left), isBetween(row, WANTED.top)));
    f.increment(column, 1);
    f.loopAtLeastOnce(block, AT.blocks, blocksEnd, BLOCK.bytes, () => {
      const zero = i32x4.constant(0);
      for (let byte = 0; byte < COEFFICIENT_BYTES; byte += 16) {
        f.emit(v128.store(AT.coefficients, zero, byte));
      }
      f.set(dcTable, i32.load(block, BLOCK.dcTable));
      stream.refill();
      stream.next(entry, dcTable, false);
      f.set(prediction, i32.load(block, BLOCK.prediction));
      f.set(value, i32.add(i32.load(prediction), i32.shrS(entry, 16)));
      f.emit(i32.store(prediction, value), i32.store16(AT.coefficients, value));
      f.set(acTable, i32.load(block, BLOCK.acTable));
      f.set(place, 0);
      const coefficient = () => {
        stream.next(entry, acTable, true);
        f.increment(place, i32.and(i32.shrU(entry, 8), 0xff));
        const to = i32.load8U(place, AT.order);
        f.emit(i32.store16(to, i32.shrS(entry, 16), AT.coefficients));
      };
      const isInside = i32.ltU(place, 63);
      f.doWhile(() => {
        stream.refill();
        coefficient();
        f.if(isInside, () => {
          coefficient();
          f.if(isInside, coefficient);
        });
      }, isInside);
      f.set(pixels, i32.load(block, BLOCK.pixels));
      f.if(isWanted, () =>
        f.emit(
          call(transform, {
            pixels,
            stride: i32.load(block, BLOCK.stride),
            quantizers: i32.load(block, BLOCK.quantizers),
          }),
        ));
      f.increment(pixels, i32.load(block, BLOCK.right));
      const down = i32.load(block, BLOCK.down);
      f.increment(pixels, select("i32", i32.eq(column, perRow), down, 0));
      f.emit(i32.store(block, pixels, BLOCK.pixels));
    });
    f.if(i32.eq(column, perRow), () => {
      f.set(column, 0);
      f.increment(row, 1);
    });
    // A unit takes fewer bytes than the space before the stream.
    f.if(i32.ltU(i32.add(stream.at, 16), low), () => f.return(-1));
    f.increment(units, -1);
  }, units);
  f.return(i32.add(i32.shl(i32.sub(i32.add(stream.at, 8), low), 3), stream.bits));
  module.export(f);
}

type Params = Record<string, "i32">;

/** The next bits of a stream, the highest first, and code that reads them. */
class Stream {
  readonly bits: Local<"i32">;
  readonly #buffer: Local<"i64">;
  readonly #length: Local<"i32">;
  readonly #top: Local<"i32">;
  readonly #limit: Local<"i32">;

  /** @param at Address of the next eight bytes. */
  constructor(private readonly f: FunctionBuilder<Params, "i32">, readonly at: Local<"i32">) {
    this.#buffer = f.i64();
    [this.bits, this.#length, this.#top, this.#limit] = f.locals("i32", 4);
  }

  /**
   * Reads a symbol and its value into `entry`, in the form of `TABLE.fast`. Three can be read after a
   * {@link refill}: each takes {@link LOOK_AHEAD} bits or is preceded by another refill.
   */
  next(entry: Local<"i32">, table: Local<"i32">, hasZeros: boolean): void {
    const { f } = this;
    const index = i32.wrapI64(i64.shrU(this.#buffer, BigInt(64 - LOOK_AHEAD)));
    f.set(entry, i32.load(i32.add(table, i32.shl(index, 2)), TABLE.fast));
    f.if(i32.eqz(entry), () => this.#nextLong(entry, table, hasZeros));
    this.#skip(entry);
  }

  /** Makes at least 56 bits available. */
  refill(): void {
    const { f, bits, at } = this;
    const more = i64.shrU(i64.load(at), i64.extendI32U(bits));
    f.set(this.#buffer, i64.or(this.#buffer, more));
    f.set(at, i32.sub(at, i32.shrU(i32.sub(63, bits), 3)));
    f.set(bits, i32.or(bits, 56));
  }

  /** Skips bits, their number modulo 64. */
  #skip(count: Local<"i32">): void {
    const { f, bits } = this;
    f.set(this.#buffer, i64.shl(this.#buffer, i64.extendI32U(count)));
    f.set(bits, i32.sub(bits, i32.and(count, 63)));
  }

  /** Like {@link next} for codes of all lengths; skips the code but not its value. */
  #nextLong(entry: Local<"i32">, table: Local<"i32">, hasZeros: boolean): void {
    const { f } = this;
    const [length, top, limit] = [this.#length, this.#top, this.#limit];
    this.refill();
    f.set(top, i32.wrapI64(i64.shrU(this.#buffer, 48n)));
    f.set(length, 0);
    f.set(limit, table);
    f.doWhile(() => {
      f.increment(length, 1);
      f.increment(limit, 4);
    }, i32.geU(top, i32.load(limit, TABLE.limits)));
    f.if(i32.gtU(length, 16), () => f.return(-1));
    const code = i32.shrU(top, i32.sub(16, length));
    const symbol = i32.add(table, i32.add(code, i32.load(limit, TABLE.firsts)));
    f.set(top, i32.load8U(symbol, TABLE.symbols));
    this.#skip(length);
    f.set(length, i32.and(top, 15));
    const shift = i64.extendI32U(i32.sub(63, length));
    const read = i32.wrapI64(i64.shrU(i64.shrU(this.#buffer, 1n), shift));
    const isNegative = i32.eqz(i32.wrapI64(i64.shrU(this.#buffer, 63n)));
    const below = i32.add(i32.shl(-1, length), 1);
    f.set(entry, i32.shl(i32.add(read, select("i32", isNegative, below, 0)), 16));
    f.set(entry, i32.or(entry, length));
    if (!hasZeros) return;
    const further = i32.add(i32.shrU(top, 4), 1);
    const atEnd = select("i32", i32.eq(top, 0xf0), 16, END_OF_BLOCK);
    f.set(entry, i32.or(entry, i32.shl(select("i32", length, further, atEnd), 8)));
  }
}
