/**
 * Kernels over the rows of a matrix [N, C], the logits of a batch: items are the rows, arithmetic
 * is in double precision.
 */
import {
  call,
  type Expression,
  f32,
  f64,
  i32,
  type Local,
  type Operand,
} from "../../../assembler/mod.ts";
import type { FunctionLibrary, KernelFunction } from "../kernel.ts";
import { exponential, logarithm } from "./scalar_math.ts";

export interface Row {
  /** Its number. */
  readonly index: Local<"i32">;
  /** An element of the row of a matrix parameter; `column` in bytes. */
  load(matrix: string, column: Operand<"i32">): Expression<"f64">;
  /** Sets an element of the row of a matrix parameter; `column` in bytes. */
  store(matrix: string, column: Operand<"i32">, value: Operand<"f64">): void;
}

/** Writes a loop over the share's rows of `columns` columns. */
export function forEachRow(
  f: KernelFunction<string>,
  columns: number,
  body: (row: Row) => void,
): void {
  const index = f.i32(), start = f.i32();
  const { first, end } = f.parameters;
  const at = (matrix: string, column: Operand<"i32">) =>
    i32.add(i32.add(f.parameters[matrix], start), column);
  f.loop(index, first, end, 1, () => {
    f.set(start, i32.mul(index, 4 * columns));
    body({
      index,
      load: (matrix, column) => f64.promoteF32(f32.load(at(matrix, column))),
      store: (matrix, column, value) => f.emit(f32.store(at(matrix, column), f32.demoteF64(value))),
    });
  });
}

/** Writes a loop over the columns of a row; `column` counts bytes. */
export function forEachColumn(
  f: KernelFunction<string>,
  columns: number,
  body: (column: Local<"i32">) => void,
): void {
  const column = f.i32();
  f.loopAtLeastOnce(column, 0, 4 * columns, 4, () => body(column));
}

/** Writes the sum of `term` over the columns of a row; returns the sum's local. */
export function sumOverRow(
  f: KernelFunction<string>,
  columns: number,
  term: (column: Local<"i32">) => Expression<"f64">,
): Local<"f64"> {
  const total = f.f64();
  f.set(total, 0);
  forEachColumn(f, columns, (column) => f.set(total, f64.add(total, term(column))));
  return total;
}

/**
 * Writes the log-sum-exp of a row, shifted by the largest element so that no exponential overflows;
 * returns its local. An element minus this is its log-softmax.
 */
export function logSumExp(
  f: KernelFunction<string>,
  library: FunctionLibrary,
  row: Row,
  matrix: string,
  columns: number,
): Local<"f64"> {
  const most = f.f64(), result = f.f64();
  f.set(most, -Infinity);
  forEachColumn(f, columns, (column) => f.set(most, f64.max(most, row.load(matrix, column))));
  const exp = exponential(library);
  const total = sumOverRow(
    f,
    columns,
    (column) => call(exp, { x: f64.sub(row.load(matrix, column), most) }),
  );
  f.set(result, f64.add(most, call(logarithm(library), { x: total })));
  return result;
}
