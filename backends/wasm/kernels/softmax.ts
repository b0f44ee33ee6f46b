/** Softmax, its logarithm, and their gradients. */
import type { GraphNode } from "../../../graph/types.ts";
import { call, type Expression, f64, type Local } from "../../../assembler/mod.ts";
import {
  type FunctionLibrary,
  type KernelFamily,
  type KernelFunction,
  numberedRefs,
} from "../kernel.ts";
import { forEachColumn, forEachRow, logSumExp, type Row, sumOverRow } from "./rows.ts";
import { exponential } from "./scalar_math.ts";

/** Writes what a row's columns share; returns the result of a column. */
type RowFunction = (
  f: KernelFunction<string>,
  library: FunctionLibrary,
  row: Row,
  columns: number,
) => (column: Local<"i32">) => Expression<"f64">;

const logSoftmaxRow: RowFunction = (f, library, row, columns) => {
  const total = logSumExp(f, library, row, "x0", columns);
  return (column) => f64.sub(row.load("x0", column), total);
};

const ROW_FUNCTIONS: Readonly<Record<string, RowFunction>> = {
  logSoftmax: logSoftmaxRow,
  softmax(f, library, row, columns) {
    const logarithm = logSoftmaxRow(f, library, row, columns);
    return (column) => call(exponential(library), { x: logarithm(column) });
  },
  softmaxGradient(f, _library, row, columns) {
    const product = (column: Local<"i32">) =>
      f64.mul(row.load("x0", column), row.load("x1", column));
    const total = sumOverRow(f, columns, product);
    return (column) => f64.mul(row.load("x1", column), f64.sub(row.load("x0", column), total));
  },
  logSoftmaxGradient(f, library, row, columns) {
    const total = sumOverRow(f, columns, (column) => row.load("x0", column));
    const probability = (column: Local<"i32">) =>
      call(exponential(library), { x: row.load("x1", column) });
    return (column) => f64.sub(row.load("x0", column), f64.mul(probability(column), total));
  },
};

/** `softmax`, `logSoftmax` and their gradients. */
export const softmax: KernelFamily = {
  ops: Object.keys(ROW_FUNCTIONS),
  lower({ op, inputs, outputs: [output] }: GraphNode, lowering) {
    const { shape } = output;
    lowering.launch({
      kernel: `${op.name} ${shape}`,
      build: (f, library) => {
        forEachRow(f, shape[1], (row) => {
          const result = ROW_FUNCTIONS[op.name](f, library, row, shape[1]);
          forEachColumn(f, shape[1], (column) => row.store("y", column, result(column)));
        });
      },
      args: {
        ...numberedRefs(lowering, "x", inputs, () => shape),
        y: lowering.ref(output, shape),
      },
      writes: ["y"],
      items: shape[0],
    });
  },
};
