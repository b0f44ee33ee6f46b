/**
 * The tiled matrix product that convolutions and linear layers share.
 *
 * A workgroup computes a tile of the product. It stages one stretch of both factors after another
 * in workgroup memory, four floats at a time, and each invocation adds that stretch's products to
 * its own few rows and columns, which it keeps in registers. The caller provides WGSL functions
 * that read the factors and store the results, so that a convolution multiplies without its patches
 * ever being laid out; `gemm.wgsl` lists them. Drivers do not unroll loops over what an invocation
 * keeps in registers, so the functions that do so are written out here for each size of tile.
 *
 * The factors' memory decides along which axis four floats are adjacent:
 *
 * | form    | first factor [rows, inner] | second factor [inner, columns] | used by         |
 * | ------- | -------------------------- | ------------------------------ | --------------- |
 * | `row`   | along inner                | along columns                  | forward         |
 * | `dot`   | along inner                | along inner                    | input gradient  |
 * | `outer` | along rows                 | along columns                  | weight gradient |
 */
import type { Dispatch } from "../kernel.ts";
import wgsl from "./gemm.wgsl" with { type: "text" };

/** Along which axes the vectors of the factors are. */
export type GemmForm = "row" | "dot" | "outer";

/** Sizes of a tile; all are multiples of 4 except `threadRows` of the forms `row` and `dot`. */
export interface GemmTile {
  /** Rows and columns of a workgroup's tile. */
  readonly rows: number;
  readonly columns: number;
  /** Length of the stretch that is staged at a time. */
  readonly inner: number;
  /** Rows and columns of one invocation; they divide the workgroup's. */
  readonly threadRows: number;
  readonly threadColumns: number;
}

/** Invocations that compute a tile. */
export function tileThreads({ rows, columns, threadRows, threadColumns }: GemmTile): number {
  return (rows / threadRows) * (columns / threadColumns);
}

/** Vectors between lines, against bank conflicts: `deno task kernel matmul --backend webgpu`. */
const PADDING = 1;

/** The part of a dispatch that its tile determines. */
export type TileDispatch = Required<Pick<Dispatch, "workgroupSize" | "constants">>;

/** A product's WGSL, workgroup size and constants. `factors` is the WGSL that `gemm.wgsl` needs. */
export function gemmShader(
  form: GemmForm,
  tile: GemmTile,
  factors: readonly string[],
): TileDispatch & Pick<Dispatch, "wgsl"> {
  const [a, b] = stagings(form, tile);
  const { workgroupSize, constants } = tileGrid(tile);
  return {
    workgroupSize,
    constants: {
      ...constants,
      LINES_A: a.lines,
      PITCH_A: a.pitch,
      ALONG_INNER_A: a.alongInner,
      LINES_B: b.lines,
      PITCH_B: b.pitch,
      ALONG_INNER_B: b.alongInner,
    },
    wgsl: [
      ...factors,
      stage(a, workgroupSize),
      stage(b, workgroupSize),
      addProducts(form, tile, tile.inner),
      storeSums(tile),
      wgsl,
    ].join("\n"),
  };
}

/** The workgroup size and the constants of a tile. */
export function tileGrid(tile: GemmTile): TileDispatch {
  return {
    workgroupSize: tileThreads(tile),
    constants: {
      TILE_ROWS: tile.rows,
      TILE_COLUMNS: tile.columns,
      TILE_INNER: tile.inner,
      THREAD_ROWS: tile.threadRows,
      THREAD_COLUMNS: tile.threadColumns,
      THREADS_ACROSS: tile.columns / tile.threadColumns,
    },
  };
}

/** Bytes of workgroup memory that a product stages its factors in. */
export function stagedBytes(form: GemmForm, tile: GemmTile): number {
  const [a, b] = stagings(form, tile);
  return 16 * (a.lines * a.pitch + b.lines * b.pitch);
}

/** A factor's stretch in workgroup memory. */
interface Staging {
  readonly name: "A" | "B";
  /** Vectors of a line, and lines; the vectors of a line are adjacent. */
  readonly lineVectors: number;
  readonly lines: number;
  readonly pitch: number;
  readonly alongInner: boolean;
}

function stagings(form: GemmForm, { rows, columns, inner }: GemmTile): [Staging, Staging] {
  const staging = (name: Staging["name"], extent: number, alongInner: boolean): Staging => {
    const [length, lines] = alongInner ? [inner, extent] : [extent, inner];
    const lineVectors = length / 4, pitch = lineVectors + (alongInner ? PADDING : 0);
    return { name, lineVectors, lines, pitch, alongInner };
  };
  return [staging("A", rows, form !== "outer"), staging("B", columns, form === "dot")];
}

/**
 * WGSL functions with which all invocations together stage a stretch of a factor, A for example:
 * `vectorsA` computes once which vectors an invocation loads, `stageA` loads those of a stretch.
 */
function stage({ name, lineVectors, lines, pitch, alongInner }: Staging, threads: number): string {
  const vectors = lineVectors * lines;
  const firsts = range(Math.ceil(vectors / threads)).map((i) => i * threads);
  const [place, inner] = alongInner ? ["line", "4 * vector"] : ["4 * vector", "line"];
  const loads = firsts.map((first, i) => {
    const load = `staged${name}[own[${i}].slot] = load${name}(tile, own[${i}].place, stretch);`;
    return first + threads <= vectors ? load : `if (thread < ${vectors - first}) { ${load} }`;
  });
  return `
struct Vector${name} { slot: u32, place: Place${name} }
alias Vectors${name} = array<Vector${name}, ${firsts.length}>;
fn numbered${name}(tile: Tile, i: u32) -> Vector${name} {
  let line = i / ${lineVectors};
  let vector = i % ${lineVectors};
  return Vector${name}(line * ${pitch} + vector, place${name}(tile, ${place}, ${inner}));
}
fn vectors${name}(tile: Tile, thread: u32) -> Vectors${name} {
  return Vectors${name}(${firsts.map((i) => `numbered${name}(tile, thread + ${i})`).join(", ")});
}
fn stage${name}(tile: Tile, own: Vectors${name}, thread: u32, stretch: u32) {
  ${loads.join("\n  ")}
}`;
}

/**
 * WGSL function `addProducts(sums, a, b)`: adds the products of a staged stretch of `inner` to an
 * invocation's sums, rows of vectors of columns. It reads the staged stretch through functions:
 * `vectorA(a, i, k)` is vector `k` of row `i` of the invocation or, in the form `outer`, vector `i`
 * of its rows at `k`; `vectorB(b, j, k)` is vector `j` of its columns at `k` or, in the form `dot`,
 * vector `k` of column `j`. `a` and `b` say where the invocation's own begin.
 */
export function addProducts(form: GemmForm, tile: GemmTile, inner: number): string {
  const { threadRows, threadColumns } = tile;
  const rows = range(threadRows), vectors = range(threadColumns / 4);
  const loads = (factor: "A" | "B", count: number, k: number) => {
    const name = factor.toLowerCase();
    return range(count).map((i) => `let ${name}${i} = vector${factor}(${name}, ${i}, ${k});`);
  };
  const add = (product: (i: number, j: number) => string) =>
    rows.flatMap((i) =>
      vectors.map((j) => `(*sums)[${i * vectors.length + j}] += ${product(i, j)};`)
    );
  const atInner = {
    outer: (k: number) => [
      ...loads("A", threadRows / 4, k),
      ...loads("B", vectors.length, k),
      ...add((i, j) => `a${i >> 2}.${LANES[i & 3]} * b${j}`),
    ],
    row: (k: number) => [
      ...loads("A", threadRows, k),
      ...LANES.flatMap((lane, l) => [
        "{",
        ...loads("B", vectors.length, 4 * k + l),
        ...add((i, j) => `a${i}.${lane} * b${j}`),
        "}",
      ]),
    ],
    dot: (k: number) => [
      ...loads("A", threadRows, k),
      ...loads("B", threadColumns, k),
      ...add((i, j) => `vec4<f32>(${LANES.map((_, l) => `dot(a${i}, b${4 * j + l})`).join(", ")})`),
    ],
  }[form];
  const steps = range(form === "outer" ? inner : inner / 4);
  return `
alias Sums = array<vec4<f32>, ${threadRows * threadColumns / 4}>;
fn addProducts(sums: ptr<function, Sums>, a: u32, b: u32) {
${steps.flatMap((k) => ["{", ...atInner(k), "}"]).join("\n")}
}`;
}

const LANES = ["x", "y", "z", "w"] as const;

/** WGSL function `storeSums`: calls `store(tile, row, column, value)` for an invocation's sums. */
export function storeSums({ threadRows, threadColumns }: GemmTile): string {
  const across = threadColumns / 4;
  const stores = range(threadRows * across).map((i) =>
    `  store(tile, firstRow + ${Math.floor(i / across)}, firstColumn + ${4 * (i % across)}, ` +
    `(*sums)[${i}]);`
  );
  return `
fn storeSums(tile: Tile, firstRow: u32, firstColumn: u32, sums: ptr<function, Sums>) {
${stores.join("\n")}
}`;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Extents of a product. */
export interface GemmExtents {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
}

/**
 * Bytes that the factors' loads move: every tile of the product reads its own rows and columns.
 *
 * @param elementBytes of the first factor and of the second
 */
export function factorBytes(
  { rows, columns, inner }: GemmExtents,
  tile: GemmTile,
  [a, b]: readonly [number, number] = [4, 4],
): number {
  const rowTiles = Math.ceil(rows / tile.rows), columnTiles = Math.ceil(columns / tile.columns);
  return inner * (a * rows * columnTiles + b * columns * rowTiles);
}
