/**
 * Moves rows of tiles between images and Winograd's matrices. Each function processes one row of
 * tiles, a wide value of channels at a time.
 */

import {
  type Callable,
  type FunctionBuilder,
  i32,
  type Local,
  type Target,
  type WideVectors,
  widths,
} from "../../../assembler/mod.ts";
import type { Activation } from "../epilogues.ts";
import type { FunctionLibrary } from "../kernel.ts";
import { ActivationCode } from "./activation_code.ts";
import { repeat } from "./loops.ts";
import {
  type ProductMatrices,
  type TiledImage,
  type TileRowKind,
  tileRowKinds,
  type WinogradPlan,
} from "./winograd_plan.ts";
import { PATCH, TILE, WinogradTransforms } from "./winograd_transforms.ts";

export const TILE_ROW_PARAMETERS = {
  image: "i32",
  /** Number of the row of tiles in the image. */
  row: "i32",
  /** Address of the row's first tile in the first matrix. */
  matrices: "i32",
  /**
   * Address of {@link workBytes} bytes private to the thread, for the source transform: zero at
   * first and used by nothing else.
   */
  work: "i32",
  /** Address of the bias, and bytes from a result to its residual, if any. */
  bias: "i32",
  residual: "i32",
} as const;

type TileRowFunction = FunctionBuilder<typeof TILE_ROW_PARAMETERS, "void">;

/** The wide values in which channels are processed: the widest that divide the channels. */
function channelVectors(f: TileRowFunction, target: Target, channels: number): WideVectors {
  return widths(f, target).find(({ lanes }) => channels % lanes === 0)!;
}

/** Bytes of a thread's working memory. */
export function workBytes({ tileColumns }: WinogradPlan): number {
  const widest = 64;
  return widest * PATCH * patchColumns(tileColumns);
}

function patchColumns(tileColumns: number): number {
  return TILE * tileColumns + PATCH - TILE;
}

function pixelBytes({ channels }: TiledImage): number {
  return 4 * channels;
}

function rowBytes(image: TiledImage): number {
  return image.width * pixelBytes(image);
}

/** The function of the source transform, which the weight gradient shares. */
export function sourceTransformOf(
  library: FunctionLibrary,
  target: Target,
  plan: WinogradPlan,
): Callable<typeof TILE_ROW_PARAMETERS, "void"> {
  return library.function(
    `winograd source ${JSON.stringify(plan)}`,
    TILE_ROW_PARAMETERS,
    "void",
    (f) => emitSourceTransform(f, target, plan),
  );
}

/**
 * Writes the source transform of a row of tiles. Neighbouring patches overlap by two columns, so
 * columns are transformed once for the whole row, into `work`, then rows. Columns of `work` beyond
 * the image are never written and stay zero.
 */
function emitSourceTransform(f: TileRowFunction, target: Target, plan: WinogradPlan): void {
  const { source, padding, tileRows, tileColumns, sourceMatrices } = plan;
  const { image, row, matrices, work } = f.parameters;
  const wide = channelVectors(f, target, source.channels);
  const transforms = new WinogradTransforms(wide, [2, 4, 5]);
  const patch = wide.locals(PATCH);
  const from = f.i32(), to = f.i32();
  const workRow = patchColumns(tileColumns) * wide.bytes;

  const transformColumns = ({ first, end }: TileRowKind) => {
    const top = i32.sub(i32.mul(row, TILE), padding[0] - first);
    f.set(from, i32.add(image, i32.mul(top, rowBytes(source))));
    f.set(to, i32.add(work, padding[1] * wide.bytes));
    repeat(f, source.width, () => {
      patch.forEach((value, i) => {
        const inside = i >= first && i < end;
        wide.set(value, inside ? wide.load(from, (i - first) * rowBytes(source)) : wide.zero());
      });
      transforms.input(patch, (i, value) => wide.store(to, value, i * workRow));
      f.increment(from, pixelBytes(source));
      f.increment(to, wide.bytes);
    });
  };
  const transformRows = () => {
    f.set(from, work);
    f.set(to, matrices);
    repeat(f, tileColumns, () => {
      for (let i = 0; i < PATCH; i++) {
        patch.forEach((value, k) => wide.set(value, wide.load(from, i * workRow + k * wide.bytes)));
        transforms.input(
          patch,
          (k, value) => wide.store(to, value, (i * PATCH + k) * sourceMatrices.step),
        );
      }
      f.increment(from, TILE * wide.bytes);
      f.increment(to, pixelBytes(source));
    });
  };
  const kinds = tileRowKinds(tileRows, PATCH, padding[0], source.height);
  repeat(f, source.channels / wide.lanes, () => {
    forKind(f, kinds, row, transformColumns);
    transformRows();
    f.increment(image, wide.bytes);
    f.increment(matrices, wide.bytes);
  });
}

/** What is applied to results before they are stored: a bias, a residual, an activation. */
export interface ResultFinish {
  readonly bias: boolean;
  readonly residual: boolean;
  readonly activation?: Activation;
}

/** Writes the result transform of a row of tiles. */
export function emitResultTransform(
  f: TileRowFunction,
  target: Target,
  plan: WinogradPlan,
  finish: ResultFinish,
): void {
  const { result, resultMatrices } = plan;
  const { bias, residual } = f.parameters;
  const activation = finish.activation && new ActivationCode(finish.activation);
  const wide = channelVectors(f, target, result.channels);
  const transforms = new WinogradTransforms(wide, [2, 4, 8]);
  const products = wide.locals(PATCH);
  const halfway = Array.from({ length: TILE }, () => wide.locals(PATCH));
  const shift = wide.local(), added = wide.local(), value = wide.local(), place = f.i32();
  forEachTile(f, wide, plan, resultMatrices, () => {
    if (!finish.bias) return;
    wide.set(shift, wide.load(bias));
    f.increment(bias, wide.bytes);
  }, (rows, columns, pixel, matrix) => {
    for (let k = 0; k < PATCH; k++) {
      products.forEach((value, i) =>
        wide.set(value, wide.load(matrix, (i * PATCH + k) * resultMatrices.step))
      );
      transforms.output(products, (i, value) => wide.set(halfway[i][k], value));
    }
    if (finish.residual) f.set(place, i32.add(pixel, residual));
    for (let i = 0; i < rows; i++) {
      transforms.output(halfway[i], (k, sum) => {
        if (k >= columns) return;
        const offset = i * rowBytes(result) + k * pixelBytes(result);
        wide.set(value, finish.bias ? wide.add(sum, shift) : sum);
        if (finish.residual) {
          wide.set(added, wide.load(place, offset));
          wide.set(value, wide.add(value, added));
        }
        wide.store(pixel, activation ? activation.apply(wide, value) : value, offset);
      });
    }
  });
}

/** Writes the transform of a row of tiles of the result's gradient, for the weight gradient. */
export function emitGradientTransform(
  f: TileRowFunction,
  target: Target,
  plan: WinogradPlan,
): void {
  const { result, resultMatrices } = plan;
  const wide = channelVectors(f, target, result.channels);
  const transforms = new WinogradTransforms(wide, [2, 4]);
  const gradients = wide.locals(TILE);
  const halfway = Array.from({ length: PATCH }, () => wide.locals(TILE));
  forEachTile(f, wide, plan, resultMatrices, () => {}, (rows, columns, pixel, matrix) => {
    for (let k = 0; k < TILE; k++) {
      gradients.forEach((value, i) => {
        const offset = i * rowBytes(result) + k * pixelBytes(result);
        wide.set(value, i < rows && k < columns ? wide.load(pixel, offset) : wide.zero());
      });
      transforms.gradient(gradients, (i, value) => wide.set(halfway[i][k], value));
    }
    halfway.forEach((row, i) =>
      transforms.gradient(
        row,
        (k, value) => wide.store(matrix, value, (i * PATCH + k) * resultMatrices.step),
      )
    );
  });
}

/**
 * Writes a loop over the tiles of a row, for one wide value of channels after another. Tiles at the
 * image's lower and right border have fewer rows and columns of results.
 *
 * @param begin Writes what precedes the tiles of a wide value of channels.
 * @param body Writes the work on a tile: its rows, its columns, the address of its first pixel and
 * of its place in the first matrix.
 */
function forEachTile(
  f: TileRowFunction,
  wide: WideVectors,
  { result, tileRows, tileColumns }: WinogradPlan,
  { channels }: ProductMatrices,
  begin: () => void,
  body: (rows: number, columns: number, pixel: Local<"i32">, matrix: Local<"i32">) => void,
): void {
  const { image, row, matrices } = f.parameters;
  const pixel = f.i32(), matrix = f.i32();
  const lastColumns = result.width - TILE * (tileColumns - 1);
  const kinds = tileRowKinds(tileRows, TILE, 0, result.height);
  repeat(f, channels / wide.lanes, () => {
    begin();
    f.set(pixel, i32.add(image, i32.mul(row, TILE * rowBytes(result))));
    f.set(matrix, matrices);
    forKind(f, kinds, row, ({ end }) => {
      const tile = (columns: number) => () => {
        body(end, columns, pixel, matrix);
        f.increment(pixel, TILE * pixelBytes(result));
        f.increment(matrix, 4 * channels);
      };
      repeat(f, lastColumns === TILE ? tileColumns : tileColumns - 1, tile(TILE));
      if (lastColumns < TILE) tile(lastColumns)();
    });
    f.increment(image, wide.bytes);
    f.increment(matrices, wide.bytes);
  });
}

/** Writes the choice of the code for a row of tiles by its kind. */
function forKind(
  f: TileRowFunction,
  kinds: readonly TileRowKind[],
  row: Local<"i32">,
  body: (kind: TileRowKind) => void,
): void {
  const [kind, ...others] = kinds;
  if (others.length === 0) return body(kind);
  f.if(i32.leU(row, kind.last), () => body(kind), () => forKind(f, others, row, body));
}
