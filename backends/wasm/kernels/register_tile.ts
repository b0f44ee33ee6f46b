/** Sums held in registers while a reduction runs over them: what all tiles share. */

import {
  type AnyFunction,
  type Local,
  type Target,
  type WideLocal,
  type WideOperand,
  type WideVectors,
  widths,
} from "../../../assembler/mod.ts";
import type { ActivationCode } from "./activation_code.ts";
import { loadLanes, storeLanes } from "./lanes.ts";
import { repeat } from "./loops.ts";

/** The size of a tile: rows, and vectors of four floats per row. */
export interface TileSize {
  readonly rows: number;
  readonly vectors: number;
  /** Floats of a row's last vector in memory that is not packed. Default 4. */
  readonly lanes?: number;
}

/**
 * The largest tile whose sums and factors stay in registers. With 512 bits there are twice as many
 * registers, and a tile of 16 channels, only one register wide, needs eight rows to have as many
 * sums as there are multiply-adds in flight. Bench: `bench/layers.ts`.
 */
export function tileSize({ wide }: Target): TileSize {
  return { rows: wide === 4 ? 8 : 4, vectors: 2 * wide };
}

/** Rows of tiles that are about as fast as the largest, the best first. */
export function tileHeights(target: Target): readonly number[] {
  const { rows } = tileSize(target);
  return rows === 8 ? [8, 7, 6] : [rows];
}

/** Writes `body` for `count` rows, a full tile at a time, then for the remaining ones. */
export function forTileRows(
  f: AnyFunction,
  target: Target,
  count: number,
  body: (rows: number) => void,
): void {
  const { rows } = tileSize(target);
  repeat(f, Math.floor(count / rows), () => body(rows));
  if (count % rows > 0) body(count % rows);
}

/** A part of a tile's row that is one wide value. */
export interface Piece {
  readonly wide: WideVectors;
  /** Its index among the row's pieces of the same width. */
  readonly index: number;
  /** Bytes from the row's start. */
  readonly offset: number;
  /** Floats that are in memory: all, or those of the row's last vector. */
  readonly lanes: number;
}

/** Splits the vectors of a row into as few pieces as the target's widths allow, widest first. */
export class RowPieces {
  readonly #forms: readonly WideVectors[];

  constructor(f: AnyFunction, target: Target) {
    this.#forms = widths(f, target);
  }

  /** The pieces of a row. A last vector of fewer than four floats is a piece of its own. */
  of({ vectors, lanes = 4 }: TileSize): Piece[] {
    const pieces: Piece[] = [];
    let first = 0;
    const whole = lanes < 4 ? vectors - 1 : vectors;
    for (const wide of this.#forms) {
      for (let index = 0; first + wide.width <= whole; index++, first += wide.width) {
        pieces.push({ wide, index, offset: 16 * first, lanes: wide.lanes });
      }
    }
    const narrow = this.#forms.at(-1)!;
    if (lanes < 4) {
      const index = pieces.filter(({ wide }) => wide === narrow).length;
      pieces.push({ wide: narrow, index, offset: 16 * first, lanes });
    }
    return pieces;
  }
}

/** Locals for a row of vectors, made when a piece first needs them. */
export class RowLocals {
  readonly #locals = new Map<WideVectors, WideLocal[]>();

  /** The local of a piece; pieces of different widths have different ones. */
  at({ wide, index }: Piece): WideLocal {
    const locals = this.#locals.get(wide) ?? [];
    this.#locals.set(wide, locals);
    return locals[index] ??= wide.local();
  }
}

/** The sums of a tile in one function; reused for tiles of several sizes. */
export class RegisterTile {
  protected readonly pieces: RowPieces;
  /** By row. */
  readonly #sums: readonly RowLocals[];

  /** @param largest the largest tile that this function computes */
  constructor(protected readonly f: AnyFunction, target: Target, largest: TileSize) {
    this.pieces = new RowPieces(f, target);
    this.#sums = Array.from({ length: largest.rows }, () => new RowLocals());
  }

  /** Sets the sums to zero. */
  clear(size: TileSize): void {
    this.#each(size, (sum, { wide }) => wide.set(sum, wide.zero()));
  }

  /** Sets the sums of every row to the same floats. */
  loadRow(size: TileSize, address: Local<"i32">): void {
    const [first, ...others] = this.#sums.slice(0, size.rows);
    for (const piece of this.pieces.of(size)) {
      const { wide } = piece;
      wide.set(first.at(piece), loadPiece(piece, address, 0));
      for (const other of others) wide.set(other.at(piece), first.at(piece));
    }
  }

  /** Sets the sums from packed memory, rows `pitch` bytes apart. */
  load(size: TileSize, address: Local<"i32">, pitch: number): void {
    this.#each(size, (sum, { wide, offset }, row) => {
      wide.set(sum, wide.load(address, row * pitch + offset));
    });
  }

  /**
   * Applies an activation to the sums.
   *
   * @param residual address of what is added before, rows `pitch` bytes apart
   */
  activate(
    size: TileSize,
    activation: ActivationCode,
    residual: Local<"i32"> | undefined,
    pitch: number,
  ): void {
    if (residual) {
      this.#each(size, (sum, { wide, offset }, row) => {
        wide.set(sum, wide.add(sum, wide.load(residual, row * pitch + offset)));
      });
    }
    this.#each(size, (sum, { wide }) => wide.set(sum, activation.apply(wide, sum)));
  }

  /** Stores the sums, rows `pitch` bytes apart; `whole`: all floats of each row's last vector. */
  store(size: TileSize, address: Local<"i32">, pitch: number, { whole = false } = {}): void {
    this.#each(size, (sum, { wide, offset, lanes }, row) => {
      const place = row * pitch + offset;
      if (whole || lanes === wide.lanes) wide.store(address, sum, place);
      else this.f.emit(...storeLanes(address, sum.halves[0], place, lanes));
    });
  }

  /** Adds to row `row`, piece by piece, the product of its factor and the loaded row `others`. */
  protected addProducts(
    size: TileSize,
    row: number,
    factor: (piece: Piece) => WideOperand,
    others: RowLocals,
  ): void {
    for (const piece of this.pieces.of(size)) {
      const sum = this.#sums[row].at(piece);
      piece.wide.set(sum, piece.wide.madd(factor(piece), others.at(piece), sum));
    }
  }

  #each(size: TileSize, visit: (sum: WideLocal, piece: Piece, row: number) => void): void {
    const pieces = this.pieces.of(size);
    this.#sums.slice(0, size.rows).forEach((sums, row) =>
      pieces.forEach((piece) => visit(sums.at(piece), piece, row))
    );
  }
}

/** A piece of a row of floats at base + constant offset in bytes; missing lanes are zero. */
export function loadPiece(
  { wide, offset, lanes }: Piece,
  base: Local<"i32">,
  start: number,
): WideOperand {
  const place = start + offset;
  return lanes === wide.lanes
    ? wide.load(base, place)
    : { halves: [loadLanes(base, place, lanes)] };
}
