/**
 * The tiled matrix product that convolutions and linear layers share, fully unrolled.
 *
 * A workgroup computes a tile of the product. Step by step it stages a stretch of both factors in
 * workgroup memory, four floats at a time, and each invocation adds that stretch's products to its
 * own few rows and columns, which it holds in registers. How factors are read and results stored is
 * given by the caller as WGSL, so that a convolution multiplies without its patches ever being laid
 * out.
 *
 * The factors' memory decides along which axis four floats lie side by side:
 *
 * | form    | first factor [rows, inner] | second factor [inner, columns] | used by         |
 * | ------- | -------------------------- | ------------------------------ | --------------- |
 * | `row`   | along inner                | along columns                  | forward         |
 * | `dot`   | along inner                | along inner                    | input gradient  |
 * | `outer` | along rows                 | along columns                  | weight gradient |
 */
import type { ShaderCode } from "../kernel.ts";

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

/** A load of one vector of a factor, which an invocation repeats for every stretch. */
export interface FactorLoad {
  /** Statements that compute, once, what does not depend on the stretch. */
  readonly prepare: string;
  /** Statements that set the declared variable `value: vec4<f32>`, which is zero before. */
  readonly load: string;
}

/**
 * How a factor is read: the load of the vector that begins at `place` of the tile's own axis (a row
 * of the first factor, a column of the second) and at `inner` of the stretch, WGSL expressions of
 * type u32. `id` makes the names of prepared values unique.
 */
export type Factor = (place: string, inner: string, id: string) => FactorLoad;

/** A product of matrices. */
export interface Gemm {
  readonly form: GemmForm;
  readonly tile: GemmTile;
  /** Statements before anything else; they may declare what the other parts use. */
  readonly setup: string;
  /**
   * WGSL expression of how many stretches there are, the same in all of a workgroup; `stretch` is
   * the number of the present one in the factors' loads.
   */
  readonly stretches: string;
  readonly a: Factor;
  readonly b: Factor;
  /**
   * Statements that store the four results `value: vec4<f32>` of row `row` and of the columns from
   * `column` on of the tile, variables of type u32.
   */
  readonly store: string;
}

/** Length of a staged row beyond its vectors: keeps neighbouring rows out of one memory bank. */
const PADDING = 1;

/** Writes the product. `thread` is the invocation's number, of {@link tileThreads}. */
export function gemmCode(gemm: Gemm): ShaderCode {
  const { form, tile } = gemm;
  const { rows, columns, inner } = tile;
  const threads = tileThreads(tile);
  const a = staging("A", rows, inner, form !== "outer");
  const b = staging("B", columns, inner, form === "dot");
  const stageA = stage(a, gemm.a, threads);
  const stageB = stage(b, gemm.b, threads);
  const vectors: StagedVectors = {
    a: (i, k) =>
      form === "outer"
        ? `tileA[${k * a.pitch}u + firstRow / 4u + ${i}u]`
        : `tileA[(firstRow + ${i}u) * ${a.pitch}u + ${k}u]`,
    b: (j, k) =>
      form === "dot"
        ? `tileB[(firstColumn + ${j}u) * ${b.pitch}u + ${k}u]`
        : `tileB[${k * b.pitch}u + firstColumn / 4u + ${j}u]`,
  };
  const main = [
    gemm.setup,
    ...beginSums(tile),
    ...stageA.prepare,
    ...stageB.prepare,
    `let stretches = ${gemm.stretches};`,
    "for (var stretch = 0u; stretch < stretches; stretch++) {",
    ...stageA.load,
    ...stageB.load,
    "workgroupBarrier();",
    ...addProducts(form, tile, inner, vectors),
    "workgroupBarrier();",
    "}",
    ...storeSums(tile, gemm.store),
  ].join("\n");
  return { globals: `${a.declaration}\n${b.declaration}`, main };
}

/** Bytes of workgroup memory that a product stages its factors in. */
export function stagedBytes(form: GemmForm, { rows, columns, inner }: GemmTile): number {
  const a = staging("A", rows, inner, form !== "outer");
  const b = staging("B", columns, inner, form === "dot");
  return 16 * (a.lines * a.pitch + b.lines * b.pitch);
}

/** A factor's stretch in workgroup memory. */
interface Staging {
  readonly name: string;
  readonly declaration: string;
  /** Vectors of a line and lines; a line holds what lies side by side. */
  readonly lineVectors: number;
  readonly lines: number;
  readonly pitch: number;
  readonly alongInner: boolean;
}

function staging(
  name: string,
  extent: number,
  inner: number,
  alongInner: boolean,
): Staging {
  const lineVectors = (alongInner ? inner : extent) / 4;
  const lines = alongInner ? extent : inner;
  const pitch = lineVectors + (alongInner ? PADDING : 0);
  const declaration = `var<workgroup> tile${name}: array<vec4<f32>, ${lines * pitch}>;`;
  return { name, declaration, lineVectors, lines, pitch, alongInner };
}

/** The loads by which all invocations together fill a stretch. */
function stage(
  { name, lineVectors, lines, pitch, alongInner }: Staging,
  factor: Factor,
  threads: number,
): { prepare: string[]; load: string[] } {
  const vectors = lineVectors * lines;
  const prepare: string[] = [];
  const load: string[] = [];
  for (let first = 0; first < vectors; first += threads) {
    const id = `${name}${first / threads}`;
    const line = `line${id}`, vector = `vector${id}`;
    const [place, inner] = alongInner ? [line, `${vector} * 4u`] : [`${vector} * 4u`, line];
    const { prepare: prepared, load: loaded } = factor(place, inner, id);
    prepare.push(
      `let ${line} = (thread + ${first}u) / ${lineVectors}u;`,
      `let ${vector} = (thread + ${first}u) % ${lineVectors}u;`,
      prepared,
    );
    const isWhole = first + threads <= vectors;
    load.push(
      isWhole ? "{" : `if (thread < ${vectors - first}u) {`,
      "var value = vec4<f32>();",
      loaded,
      `tile${name}[${line} * ${pitch}u + ${vector}] = value;`,
      "}",
    );
  }
  return { prepare, load };
}

/** Names of the variables that hold an invocation's sums: rows, then vectors of columns. */
function sumNames({ threadRows, threadColumns }: GemmTile): string[][] {
  return range(threadRows).map((i) => range(threadColumns / 4).map((j) => `sum${i}_${j}`));
}

/** WGSL expressions of the vectors of a staged stretch. */
export interface StagedVectors {
  /** Vector `k` of row `i` of the invocation; in the form `outer`, vector `i` of its rows at `k`. */
  a(i: number, k: number): string;
  /** Vector `j` of the invocation's columns at `k`; in the form `dot`, vector `k` of column `j`. */
  b(j: number, k: number): string;
}

/** Statements that add the products of a staged stretch of `inner` to an invocation's sums. */
export function addProducts(
  form: GemmForm,
  tile: GemmTile,
  inner: number,
  { a, b }: StagedVectors,
): string[] {
  const { threadRows, threadColumns } = tile;
  const sums = sumNames(tile);
  const lines: string[] = [];
  const rows = range(threadRows), vectors = range(threadColumns / 4);
  const block = (body: string[]) => lines.push("{", ...body, "}");
  const lane = ["x", "y", "z", "w"];
  if (form === "outer") {
    for (const k of range(inner)) {
      block([
        ...range(threadRows / 4).map((i) => `let a${i} = ${a(i, k)};`),
        ...vectors.map((j) => `let b${j} = ${b(j, k)};`),
        ...rows.flatMap((i) =>
          vectors.map((j) => `${sums[i][j]} += a${i >> 2}.${lane[i & 3]} * b${j};`)
        ),
      ]);
    }
    return lines;
  }
  for (const k of range(inner / 4)) {
    const loadA = rows.map((i) => `let a${i} = ${a(i, k)};`);
    if (form === "row") {
      block([
        ...loadA,
        ...lane.flatMap((lane, l) => [
          "{",
          ...vectors.map((j) => `let b${j} = ${b(j, 4 * k + l)};`),
          ...rows.flatMap((i) => vectors.map((j) => `${sums[i][j]} += a${i}.${lane} * b${j};`)),
          "}",
        ]),
      ]);
      continue;
    }
    block([
      ...loadA,
      ...range(threadColumns).map((j) => `let b${j} = ${b(j, k)};`),
      ...rows.flatMap((i) =>
        vectors.map((j) => {
          const dots = range(4).map((l) => `dot(a${i}, b${4 * j + l})`);
          return `${sums[i][j]} += vec4<f32>(${dots.join(", ")});`;
        })
      ),
    ]);
  }
  return lines;
}

/** Statements that declare the sums of an invocation, and where in the tile they belong. */
export function beginSums(tile: GemmTile): string[] {
  const across = tile.columns / tile.threadColumns;
  return [
    `let firstRow = thread / ${across}u * ${tile.threadRows}u;`,
    `let firstColumn = thread % ${across}u * ${tile.threadColumns}u;`,
    ...sumNames(tile).flat().map((sum) => `var ${sum} = vec4<f32>();`),
  ];
}

/** Statements that run `store` (see {@link Gemm.store}) for all sums of an invocation. */
export function storeSums(tile: GemmTile, store: string): string[] {
  return sumNames(tile).flatMap((row, i) =>
    row.map((sum, j) =>
      `{ let row = firstRow + ${i}u; let column = firstColumn + ${4 * j}u; ` +
      `let value = ${sum};\n${store} }`
    )
  );
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
