/**
 * The tiled matrix product that convolutions and linear layers share.
 *
 * A workgroup computes a tile of the product. Step by step it stages a stretch of both factors in
 * workgroup memory, four floats at a time, and each invocation adds that stretch's products to its
 * own few rows and columns, which it holds in registers. How factors are read and results stored is
 * given by the caller as WGSL functions, so that a convolution multiplies without its patches ever
 * being laid out: `gemm.wgsl` says which. Drivers do not unroll loops over what an invocation holds
 * in registers, so the functions that do so are written out here, for each size of tile.
 *
 * The factors' memory decides along which axis four floats lie side by side:
 *
 * | form    | first factor [rows, inner] | second factor [inner, columns] | used by         |
 * | ------- | -------------------------- | ------------------------------ | --------------- |
 * | `row`   | along inner                | along columns                  | forward         |
 * | `dot`   | along inner                | along inner                    | input gradient  |
 * | `outer` | along rows                 | along columns                  | weight gradient |
 */
import type { Constants } from "../kernel.ts";
import wgsl from "./gemm.wgsl" with { type: "text" };

/** Along which axis the vectors of the factors lie. */
export type GemmForm = "row" | "dot" | "outer";

/** Sizes of a tile; all multiples of 4 but `threadRows` of the forms `row` and `dot`. */
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

/** Length of a staged row beyond its vectors: keeps neighbouring rows out of one memory bank. */
const PADDING = 1;

/** The form's `vectorA` and `vectorB`: vectors of the staged stretch; see {@link addProducts}. */
const VECTORS: Readonly<Record<"a along inner" | "a" | "b along inner" | "b", string>> = {
  "a along inner": `
fn vectorA(firstRow: u32, i: u32, k: u32) -> vec4<f32> {
  return stagedA[(firstRow + i) * PITCH_A + k];
}`,
  "a": `
fn vectorA(firstRow: u32, i: u32, k: u32) -> vec4<f32> {
  return stagedA[k * PITCH_A + firstRow / 4 + i];
}`,
  "b along inner": `
fn vectorB(firstColumn: u32, j: u32, k: u32) -> vec4<f32> {
  return stagedB[(firstColumn + j) * PITCH_B + k];
}`,
  "b": `
fn vectorB(firstColumn: u32, j: u32, k: u32) -> vec4<f32> {
  return stagedB[k * PITCH_B + firstColumn / 4 + j];
}`,
};

/**
 * A product's WGSL and constants, of {@link tileThreads} invocations. `factors` is the WGSL that
 * `gemm.wgsl` asks for.
 */
export function gemmShader(
  form: GemmForm,
  tile: GemmTile,
  factors: readonly string[],
): { wgsl: string; constants: Constants } {
  const [a, b] = stagings(form, tile);
  return {
    constants: {
      ...tileConstants(tile),
      LINES_A: a.lines,
      PITCH_A: a.pitch,
      LINES_B: b.lines,
      PITCH_B: b.pitch,
    },
    wgsl: [
      ...factors,
      VECTORS[a.alongInner ? "a along inner" : "a"],
      VECTORS[b.alongInner ? "b along inner" : "b"],
      stage(a, tileThreads(tile)),
      stage(b, tileThreads(tile)),
      addProducts(form, tile, tile.inner),
      storeSums(tile),
      wgsl,
    ].join("\n"),
  };
}

/** The constants of a tile. */
export function tileConstants(tile: GemmTile): Constants {
  return {
    TILE_ROWS: tile.rows,
    TILE_COLUMNS: tile.columns,
    TILE_INNER: tile.inner,
    THREAD_ROWS: tile.threadRows,
    THREAD_COLUMNS: tile.threadColumns,
    THREADS_ACROSS: tile.columns / tile.threadColumns,
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
  /** Vectors of a line and lines; a line holds what lies side by side. */
  readonly lineVectors: number;
  readonly lines: number;
  readonly pitch: number;
  readonly alongInner: boolean;
}

function stagings(form: GemmForm, { rows, columns, inner }: GemmTile): [Staging, Staging] {
  const staging = (name: Staging["name"], extent: number, alongInner: boolean): Staging => {
    const lineVectors = (alongInner ? inner : extent) / 4;
    const lines = alongInner ? extent : inner;
    return {
      name,
      lineVectors,
      lines,
      pitch: lineVectors + (alongInner ? PADDING : 0),
      alongInner,
    };
  };
  return [staging("A", rows, form !== "outer"), staging("B", columns, form === "dot")];
}

/**
 * WGSL functions by which all invocations together fill a factor's stretch, A for example: `vectorsA`
 * says once which vectors an invocation loads, `stageA` loads those of a stretch.
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
 * invocation's sums, rows of vectors of columns. It reads what is staged by functions: `vectorA(a, i,
 * k)` is vector `k` of row `i` of the invocation or, in the form `outer`, vector `i` of its rows at
 * `k`; `vectorB(b, j, k)` is vector `j` of its columns at `k` or, in the form `dot`, vector `k` of
 * column `j`. `a` and `b` say where the invocation's own begin.
 */
export function addProducts(form: GemmForm, tile: GemmTile, inner: number): string {
  const { threadRows, threadColumns } = tile;
  const lines: string[] = [];
  const rows = range(threadRows), vectors = range(threadColumns / 4);
  const sum = (i: number, j: number) => `(*sums)[${i * vectors.length + j}]`;
  const block = (body: string[]) => lines.push("{", ...body, "}");
  const lane = ["x", "y", "z", "w"];
  const loadA = (count: number, k: number) =>
    range(count).map((i) => `let a${i} = vectorA(a, ${i}, ${k});`);
  const loadB = (count: number, k: number) =>
    range(count).map((j) => `let b${j} = vectorB(b, ${j}, ${k});`);
  if (form === "outer") {
    for (const k of range(inner)) {
      block([
        ...loadA(threadRows / 4, k),
        ...loadB(vectors.length, k),
        ...rows.flatMap((i) =>
          vectors.map((j) => `${sum(i, j)} += a${i >> 2}.${lane[i & 3]} * b${j};`)
        ),
      ]);
    }
  } else {
    for (const k of range(inner / 4)) {
      block([
        ...loadA(threadRows, k),
        ...(form === "row"
          ? lane.flatMap((lane, l) => [
            "{",
            ...loadB(vectors.length, 4 * k + l),
            ...rows.flatMap((i) => vectors.map((j) => `${sum(i, j)} += a${i}.${lane} * b${j};`)),
            "}",
          ])
          : [
            ...loadB(threadColumns, k),
            ...rows.flatMap((i) =>
              vectors.map((j) => {
                const dots = range(4).map((l) => `dot(a${i}, b${4 * j + l})`);
                return `${sum(i, j)} += vec4<f32>(${dots.join(", ")});`;
              })
            ),
          ]),
      ]);
    }
  }
  return `
alias Sums = array<vec4<f32>, ${threadRows * threadColumns / 4}>;
fn addProducts(sums: ptr<function, Sums>, a: u32, b: u32) {
${lines.join("\n")}
}`;
}

/** WGSL function `storeSums`, which calls `store(tile, row, column, value)` for all sums of an invocation. */
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

/**
 * Bytes that the factors' loads move: every tile of the product reads its rows and columns anew.
 *
 * @param elementBytes of the first factor and of the second
 */
export function factorBytes(
  { rows, columns, inner }: GemmExtents,
  tile: GemmTile,
  elementBytes: readonly [number, number] = [4, 4],
): number {
  const rowTiles = Math.ceil(rows / tile.rows), columnTiles = Math.ceil(columns / tile.columns);
  const [a, b] = elementBytes;
  return inner * (a * rows * columnTiles + b * columns * rowTiles);
}

/** Extents of a product. */
export interface GemmExtents {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
}
