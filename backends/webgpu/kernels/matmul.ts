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
import { factorBytes, type GemmExtents, type GemmForm, gemmShader } from "./gemm.ts";
import { tileVariants } from "./gemm_tiles.ts";
import wgsl from "./matmul.wgsl" with { type: "text" };

/**
 * WGSL function `readA(line, column)` or `readB`: four floats of a line of a factor's matrix in
 * memory, zero beyond its end.
 */
function readMatrix(name: "A" | "B", isVector: boolean): string {
  const operand = name.toLowerCase();
  const reads = isVector
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

/** A product [rows, inner] · [inner, columns]. */
interface Product extends GemmExtents {
  readonly name: string;
  readonly a: Ref;
  /** Whether the transpose of the factor is stored. */
  readonly transposeA: boolean;
  readonly b: Ref;
  readonly transposeB: boolean;
  /** One number per column. */
  readonly bias?: Ref;
  readonly result: Ref;
  /** Whether the transpose of the product is stored. Default false. */
  readonly transposeResult?: boolean;
}

function addProduct(product: Product, lowering: Lowering): void {
  const { rows, inner, columns, transposeA, transposeB, transposeResult } = product;
  if (transposeA && transposeB) {
    // The transpose of the product is the product of the stored matrices in the other order.
    const { a: b, b: a } = product;
    const swapped = { a, b, transposeA: false, transposeB: false, transposeResult: true };
    addProduct({ ...product, ...swapped, rows: columns, columns: rows }, lowering);
    return;
  }
  const form: GemmForm = transposeA ? "outer" : transposeB ? "dot" : "row";
  const [linesA, lengthA] = transposeA ? [inner, rows] : [rows, inner];
  const [linesB, lengthB] = transposeB ? [columns, inner] : [inner, columns];
  const isVectorA = isVectorAligned(product.a) && lengthA % 4 === 0;
  const isVectorB = isVectorAligned(product.b) && lengthB % 4 === 0;
  const { tile } = lowering.choose(tileVariants(form, product));
  const columnTiles = Math.ceil(columns / tile.columns);
  const gemm = gemmShader(form, tile, [
    readMatrix("A", isVectorA),
    readMatrix("B", isVectorB),
    wgsl,
  ]);
  const factors = (isVector: boolean) => ({
    ...(isVectorA === isVector ? { a: product.a } : {}),
    ...(isVectorB === isVector ? { b: product.b } : {}),
  });
  lowering.dispatch({
    ...gemm,
    name: product.name,
    reads: { "vec4<f32>": factors(true), f32: { ...factors(false), bias: product.bias } },
    writes: { f32: { result: product.result } },
    workgroups: coverByGroups(Math.ceil(rows / tile.rows) * columnTiles),
    flops: 2 * rows * inner * columns,
    bytes: product.result.bytes + factorBytes(product, tile),
    constants: {
      ...gemm.constants,
      ROWS: rows,
      COLUMNS: columns,
      COLUMN_TILES: columnTiles,
      STRETCHES: Math.ceil(inner / tile.inner),
      LINES_OF_A: linesA,
      LENGTH_A: lengthA,
      LINES_OF_B: linesB,
      LENGTH_B: lengthB,
      TRANSPOSE_A: transposeA,
      TRANSPOSE_B: transposeB,
      TRANSPOSE_RESULT: transposeResult ?? false,
      HAS_BIAS: product.bias !== undefined,
    },
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
