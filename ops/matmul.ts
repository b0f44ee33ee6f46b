/** Product of two matrices. */
import { InputError } from "../errors.ts";
import { flag } from "../graph/attribute_rules.ts";
import { apply, type Operand } from "../graph/trace.ts";
import { formatShape, type Op, type Shape, type Value } from "../graph/types.ts";
import { requireFloats, requireRank } from "./checks.ts";

/** Attributes of {@link matmulOp}. */
export interface MatmulAttributes {
  /** Whether the first matrix is used transposed. */
  readonly transposeA: boolean;
  /** Whether the second matrix is used transposed. */
  readonly transposeB: boolean;
}

/** Extents of a product: [rows, inner] times [inner, columns]. */
interface MatmulGeometry {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/** The extents of a product of matrices of these shapes. Throws InputError where they do not fit. */
export function matmulGeometry(a: Shape, b: Shape, attributes: MatmulAttributes): MatmulGeometry {
  requireRank("matmul", "a", a, 2, "two axes");
  requireRank("matmul", "b", b, 2, "two axes");
  const [rows, inner] = attributes.transposeA ? [a[1], a[0]] : a;
  const [innerB, columns] = attributes.transposeB ? [b[1], b[0]] : b;
  if (inner !== innerB) {
    throw new InputError(
      `matmul: ${formatShape(a)}${attributes.transposeA ? " transposed" : ""} and ` +
        `${formatShape(b)}${attributes.transposeB ? " transposed" : ""} do not multiply: ` +
        `the first has ${inner} columns, the second ${innerB} rows`,
    );
  }
  return { rows, inner, columns };
}

export const matmulOp: Op<MatmulAttributes> = {
  name: "matmul",
  inputNames: ["a", "b"],
  inference: {
    attributes: { transposeA: flag, transposeB: flag },
    onnx(graph, inputs, { attributes: { transposeA, transposeB } }) {
      const attributes = { transA: Number(transposeA), transB: Number(transposeB) };
      return graph.node("Gemm", inputs, attributes);
    },
  },
  infer(inputs, attributes) {
    requireFloats("matmul", ["a", "b"], inputs);
    const { rows, columns } = matmulGeometry(inputs[0].shape, inputs[1].shape, attributes);
    return [{ shape: [rows, columns], dtype: "f32" }];
  },
  gradient({ inputs: [a, b], attributes, outputGradients: [dy], needed }) {
    if (!dy) return [];
    const { transposeA, transposeB } = attributes;
    return [
      !needed[0]
        ? undefined
        : transposeA
        ? matmul(b, dy, { transposeA: transposeB, transposeB: true })
        : matmul(dy, b, { transposeB: !transposeB }),
      !needed[1]
        ? undefined
        : transposeB
        ? matmul(dy, a, { transposeA: true, transposeB: transposeA })
        : matmul(a, dy, { transposeA: !transposeA }),
    ];
  },
  evaluate([a, b], attributes) {
    const { rows, inner, columns } = matmulGeometry(a.shape, b.shape, attributes);
    const [stepRowA, stepInnerA] = attributes.transposeA ? [1, rows] : [inner, 1];
    const [stepInnerB, stepColumnB] = attributes.transposeB ? [1, inner] : [columns, 1];
    const product = new Float64Array(rows * columns);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let total = 0;
        for (let k = 0; k < inner; k++) {
          total += a.data[row * stepRowA + k * stepInnerA] *
            b.data[k * stepInnerB + column * stepColumnB];
        }
        product[row * columns + column] = total;
      }
    }
    return [product];
  },
  multiplyAccumulates([a, b], _outputs, attributes) {
    const { rows, inner, columns } = matmulGeometry(a.shape, b.shape, attributes);
    return rows * inner * columns;
  },
  samples: [
    { operands: [[2, 3], [3, 4]], attributes: { transposeA: false, transposeB: false } },
    { operands: [[2, 3], [4, 3]], attributes: { transposeA: false, transposeB: true } },
    { operands: [[3, 2], [3, 4]], attributes: { transposeA: true, transposeB: false } },
    { operands: [[3, 2], [4, 3]], attributes: { transposeA: true, transposeB: true } },
  ],
};

/**
 * `a · b`, two matrices, each transposed first if requested (default no). Matches `torch.mm`.
 * Throws InputError where the shapes do not fit.
 */
export function matmul(a: Operand, b: Operand, options: Partial<MatmulAttributes> = {}): Value {
  const { transposeA = false, transposeB = false } = options;
  return apply(matmulOp, [a, b], { transposeA, transposeB })[0];
}
