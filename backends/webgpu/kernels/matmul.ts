/** Products of matrices, plain in memory, with or without bias. */
import type { GraphNode } from "../../../graph/types.ts";
import { matmulGeometry } from "../../../ops/matmul.ts";
import {
  coverByGroups,
  isVectorAligned,
  type KernelFamily,
  type Lowering,
  type Ref,
} from "../kernel.ts";
import { factorBytes, type GemmForm, gemmShader, tileThreads } from "./gemm.ts";
import { tileVariants } from "./gemm_tiles.ts";
import factors from "./matmul.wgsl" with { type: "text" };

/** A factor's matrix in memory: `lines` lines of `length` floats. */
interface Matrix {
  readonly ref: Ref;
  readonly lines: number;
  readonly length: number;
}

/** Whether a matrix can be read four floats at a time. */
function isVector({ ref, length }: Matrix): boolean {
  return isVectorAligned(ref) && length % 4 === 0;
}

/**
 * WGSL function `readA(line, column)` of factor A, or that of B: four floats of a line of the matrix,
 * zero beyond its end.
 */
function readMatrix(name: "A" | "B", matrix: Matrix): string {
  const operand = name.toLowerCase();
  const reads = isVector(matrix)
    ? [`if (column < LENGTH_${name}) { value = ${operand}(first / 4); }`]
    : ["x", "y", "z", "w"].map((lane, i) =>
      `if (column + ${i} < LENGTH_${name}) { value.${lane} = ${operand}(first + ${i}); }`
    );
  return `
fn read${name}(line: u32, column: u32) -> vec4<f32> {
  let first = line * LENGTH_${name} + column;
  var value = vec4<f32>();
  if (line < LINES_OF_${name}) {
    ${reads.join("\n    ")}
  }
  return value;
}`;
}

/** Which way factors lie in memory, and the result. */
const PLAIN_A = "fn vectorOfA(row: u32, inner: u32) -> vec4<f32> { return readA(row, inner); }";
const TRANSPOSED_A =
  "fn vectorOfA(row: u32, inner: u32) -> vec4<f32> { return readA(inner, row); }";
const PLAIN_B =
  "fn vectorOfB(inner: u32, column: u32) -> vec4<f32> { return readB(inner, column); }";
const TRANSPOSED_B =
  "fn vectorOfB(inner: u32, column: u32) -> vec4<f32> { return readB(column, inner); }";
const PLAIN_RESULT =
  "fn resultPlace(row: u32, column: u32) -> u32 { return row * COLUMNS + column; }";
const TRANSPOSED_RESULT =
  "fn resultPlace(row: u32, column: u32) -> u32 { return column * ROWS + row; }";

const BIAS = "fn biased(value: f32, column: u32) -> f32 { return value + bias(column); }";
const NO_BIAS = "fn biased(value: f32, column: u32) -> f32 { return value; }";

/** A product [rows, inner] · [inner, columns]. */
interface Product {
  readonly name: string;
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly a: Ref;
  /** Whether memory holds the transpose of the factor. */
  readonly transposeA: boolean;
  readonly b: Ref;
  readonly transposeB: boolean;
  /** One number a column. */
  readonly bias?: Ref;
  readonly result: Ref;
  /** Whether the transpose of the product is stored. Default false. */
  readonly transposeResult?: boolean;
}

function addProduct(product: Product, lowering: Lowering): void {
  const { rows, inner, columns, transposeA, transposeB, transposeResult } = product;
  if (transposeA && transposeB) {
    // The transpose of the product is the product of what memory holds, in the other order.
    const { a: b, b: a } = product;
    const swapped = { a, b, transposeA: false, transposeB: false, transposeResult: true };
    addProduct({ ...product, ...swapped, rows: columns, columns: rows }, lowering);
    return;
  }
  const form: GemmForm = transposeA ? "outer" : transposeB ? "dot" : "row";
  const a: Matrix = {
    ref: product.a,
    lines: transposeA ? inner : rows,
    length: transposeA ? rows : inner,
  };
  const b: Matrix = {
    ref: product.b,
    lines: transposeB ? columns : inner,
    length: transposeB ? inner : columns,
  };
  const { tile } = lowering.choose(tileVariants(form, { rows, inner, columns }));
  const columnTiles = Math.ceil(columns / tile.columns);
  const { wgsl, constants } = gemmShader(form, tile, [
    readMatrix("A", a),
    readMatrix("B", b),
    transposeA ? TRANSPOSED_A : PLAIN_A,
    transposeB ? TRANSPOSED_B : PLAIN_B,
    transposeResult ? TRANSPOSED_RESULT : PLAIN_RESULT,
    product.bias ? BIAS : NO_BIAS,
    factors,
  ]);
  lowering.dispatch({
    name: product.name,
    operands: {
      ...lowering.reads(isVector(a) ? "vec4<f32>" : "f32", { a: a.ref }),
      ...lowering.reads(isVector(b) ? "vec4<f32>" : "f32", { b: b.ref }),
      ...lowering.writes("f32", { result: product.result }),
      ...lowering.reads("f32", { bias: product.bias }),
    },
    workgroupSize: tileThreads(tile),
    workgroups: coverByGroups(Math.ceil(rows / tile.rows) * columnTiles),
    flops: 2 * rows * inner * columns,
    bytes: product.result.bytes + factorBytes({ rows, inner, columns }, tile),
    constants: {
      ...constants,
      ROWS: rows,
      COLUMNS: columns,
      COLUMN_TILES: columnTiles,
      STRETCHES: Math.ceil(inner / tile.inner),
      LINES_OF_A: a.lines,
      LENGTH_A: a.length,
      LINES_OF_B: b.lines,
      LENGTH_B: b.length,
    },
    wgsl,
  });
}

function lowerLinear(node: GraphNode, lowering: Lowering): void {
  const [input, weight, bias] = node.inputs;
  addProduct({
    name: "linear",
    rows: input.shape[0],
    inner: input.shape[1],
    columns: weight.shape[0],
    a: lowering.ref(input),
    transposeA: false,
    b: lowering.ref(weight),
    transposeB: true,
    bias: bias && lowering.ref(bias),
    result: lowering.ref(node.outputs[0]),
  }, lowering);
}

function lowerMatmul({ inputs: [a, b], outputs, attributes }: GraphNode, lowering: Lowering): void {
  addProduct({
    name: "matmul",
    ...matmulGeometry(a.shape, b.shape, attributes),
    a: lowering.ref(a),
    transposeA: attributes.transposeA,
    b: lowering.ref(b),
    transposeB: attributes.transposeB,
    result: lowering.ref(outputs[0]),
  }, lowering);
}

/** Fully connected layers, and products of two matrices. */
export const products: readonly KernelFamily[] = [
  { ops: ["linear"], lower: lowerLinear },
  { ops: ["matmul"], lower: lowerMatmul },
];
