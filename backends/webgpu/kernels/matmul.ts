/** Products of matrices, plain in memory, with or without bias. */
import type { GraphNode } from "../../../graph/types.ts";
import { matmulGeometry } from "../../../ops/matmul.ts";
import {
  type Accessor,
  coverByGroups,
  isVectorAligned,
  type KernelFamily,
  type Lowering,
  type Ref,
} from "../kernel.ts";
import { type Factor, factorBytes, gemmCode, type GemmForm, tileThreads } from "./gemm.ts";
import { tileVariants } from "./gemm_tiles.ts";

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

/** A factor whose vectors lie along its memory's lines; `place` is the tile's first row or column. */
function factor(
  matrix: Matrix,
  operand: Accessor,
  alongInner: boolean,
  firstPlace: string,
  stretch: number,
): Factor {
  const { lines, length } = matrix;
  return (place, inner, id) => {
    const far = `far${id}`;
    const [line, column] = alongInner ? [far, "near"] : ["near", far];
    const first = `${line} * ${length}u + ${column}`;
    const read = isVector(matrix)
      ? `if (${column} < ${length}u) { value = ${operand.at(`(${first}) / 4u`)}; }`
      : [0, 1, 2, 3].map((lane) => {
        const element = operand.at(`${first} + ${lane}u`);
        return `if (${column} + ${lane}u < ${length}u) { value[${lane}u] = ${element}; }`;
      }).join("\n");
    return {
      prepare: `let ${far} = ${firstPlace} + ${place};`,
      load: `let near = stretch * ${stretch}u + ${inner};\nif (${line} < ${lines}u) {\n${read}\n}`,
    };
  };
}

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
  const { workgroups, index } = coverByGroups(Math.ceil(rows / tile.rows) * columnTiles);
  const column = "firstColumnOfTile + column + lane";
  const place = transposeResult
    ? `(${column}) * ${rows}u + resultRow`
    : `resultRow * ${columns}u + ${column}`;
  lowering.phase({
    name: product.name,
    operands: {
      ...lowering.reads(isVector(a) ? "vec4<f32>" : "f32", { a: a.ref }),
      ...lowering.reads(isVector(b) ? "vec4<f32>" : "f32", { b: b.ref }),
      ...lowering.writes("f32", { result: product.result }),
      ...lowering.reads("f32", { bias: product.bias }),
    },
    workgroupSize: tileThreads(tile),
    workgroups,
    flops: 2 * rows * inner * columns,
    bytes: product.result.bytes + factorBytes({ rows, inner, columns }, tile),
    code: ({ a: accessA, b: accessB, bias, result }) =>
      gemmCode({
        form,
        tile,
        setup: `
let firstRowOfTile = ${index} / ${columnTiles}u * ${tile.rows}u;
let firstColumnOfTile = ${index} % ${columnTiles}u * ${tile.columns}u;`,
        stretches: `${Math.ceil(inner / tile.inner)}u`,
        a: factor(a, accessA, !transposeA, "firstRowOfTile", tile.inner),
        b: factor(b, accessB, transposeB, "firstColumnOfTile", tile.inner),
        store: `
let resultRow = firstRowOfTile + row;
for (var lane = 0u; lane < 4u; lane++) {
  if ((resultRow < ${rows}u) & (firstColumnOfTile + column + lane < ${columns}u)) {
    ${result.set(place, bias ? `value[lane] + ${bias.at(column)}` : "value[lane]")}
  }
}`,
      }),
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
