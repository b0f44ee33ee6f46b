/** Tiles of a matrix product: a rule that suits most adapters, and others that may be faster. */
import { MAX_INVOCATIONS, type Variant, WORKGROUP_BYTES } from "../kernel.ts";
import {
  type GemmExtents,
  type GemmForm,
  type GemmTile,
  stagedBytes,
  tileThreads,
} from "./gemm.ts";

/** Tiles that fill a large GPU. Measure these with `deno task tune CONFIG`. */
export const WANTED_TILES = 256;

/** Fewest invocations per workgroup: fewer leave most of a GPU's vector units idle. */
const MIN_INVOCATIONS = 32;

/** Rows per workgroup, in descending order. */
const ROWS = [128, 64, 32, 16] as const;

/** Rows and columns per invocation: more reuse loaded numbers better, but fit less often. */
export const THREAD_TILES = [[4, 4], [8, 4], [8, 8]] as const;

/** A tile among several. */
export interface TileVariant extends Variant {
  readonly tile: GemmTile;
}

/** The first of each name. */
export function unique<V extends Variant>(variants: readonly V[]): V[] {
  return [...Map.groupBy(variants, ({ name }) => name).values()].map(([first]) => first);
}

/** A tile's name: rows, columns and stretch per workgroup, rows and columns per invocation. */
export function tileName({ rows, columns, inner, threadRows, threadColumns }: GemmTile): string {
  return `${rows}x${columns}x${inner} by ${threadRows}x${threadColumns}`;
}

/** The narrowest tile that covers the columns, at most 64. */
export function tileColumns(columns: number): number {
  return [4, 8, 16, 32].find((width) => columns <= width) ?? 64;
}

/**
 * A tile that suits the extents: as wide as the columns up to 64, so that a thin layer wastes no
 * columns, and as tall as possible with enough tiles for a GPU.
 *
 * @param isSplit whether workgroups also split the inner extent, so that few tiles are enough
 */
function chooseTile(extents: GemmExtents, isSplit = false): GemmTile {
  const columns = tileColumns(extents.columns);
  const across = columns / 4;
  const columnTiles = Math.ceil(extents.columns / columns);
  const candidates = ROWS.filter((rows) =>
    rows / 4 * across <= MAX_INVOCATIONS && (rows === 16 || rows / 2 < extents.rows)
  );
  const rows =
    candidates.find((rows) =>
      isSplit || Math.ceil(extents.rows / rows) * columnTiles >= WANTED_TILES
    ) ?? candidates[candidates.length - 1];
  const inner = extents.inner <= 8 && !isSplit ? 8 : 16;
  return { rows, columns, inner, threadRows: 4, threadColumns: 4 };
}

/** {@link chooseTile}'s tile, then others that every adapter can run. */
export function tileVariants(form: GemmForm, extents: GemmExtents, isSplit = false): TileVariant[] {
  const first = chooseTile(extents, isSplit);
  const variants = [variantOf(first)];
  for (const columns of otherWidths(first.columns, extents.columns)) {
    for (const rows of ROWS.filter((rows) => rows === 16 || rows / 2 < extents.rows)) {
      if (columns === 128 && rows < 64) continue;
      for (const [threadRows, threadColumns] of THREAD_TILES) {
        if (columns % threadColumns > 0) continue;
        const fitting = [first.inner, 8].map((inner) =>
          variantOf({ rows, columns, inner, threadRows, threadColumns })
        ).find(({ tile }) => stagedBytes(form, tile) <= WORKGROUP_BYTES);
        if (fitting && isRunnable(tileThreads(fitting.tile))) variants.push(fitting);
      }
    }
  }
  return unique(variants);
}

/** Whether a workgroup may have this number of invocations. */
export function isRunnable(invocations: number): boolean {
  return invocations >= MIN_INVOCATIONS && invocations <= MAX_INVOCATIONS;
}

/** Widths to try: the chosen one, and a wider or narrower one. */
export function otherWidths(chosen: number, columns: number): number[] {
  if (columns > 64) return [chosen, 128];
  return columns > 16 ? [chosen, chosen / 2] : [chosen];
}

function variantOf(tile: GemmTile): TileVariant {
  return { name: tileName(tile), tile };
}
