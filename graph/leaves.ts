/** The ops without inputs: per-run inputs, variables and constants. */
import type { DType, Op, Program, Shape } from "./types.ts";

export interface InputAttributes {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
}

interface VariableAttributes {
  readonly variable: string;
  /** First element read. */
  readonly offset: number;
  readonly shape: Shape;
}

export interface ConstantAttributes {
  readonly shape: Shape;
  /** Row-major; float64 where a pass computed it. */
  readonly data: Float32Array | Float64Array;
  /** The state-dict name the constant came from, if any. */
  readonly name?: string;
}

/** A constant whose numbers are computed at first use: some programs are only inspected. */
export class ComputedConstant implements ConstantAttributes {
  #compute: (() => Float64Array) | undefined;
  #data: Float64Array = new Float64Array();

  /** @param compute returns the constant's elements; called at most once */
  constructor(readonly shape: Shape, compute: () => Float64Array, readonly name?: string) {
    this.#compute = compute;
  }

  /** Row-major. */
  get data(): Float64Array {
    if (this.#compute) this.#data = this.#compute();
    this.#compute = undefined;
    return this.#data;
  }
}

function notEvaluated(): Float64Array[] {
  throw new Error("leaves are given, not evaluated");
}

const LEAF = { inputNames: [], multiplyAccumulates: () => 0, samples: [] };

/** A tensor that is given for every run. */
export const inputOp: Op<InputAttributes> = {
  name: "input",
  ...LEAF,
  infer: (_inputs, { shape, dtype }) => [{ shape, dtype }],
  evaluate: notEvaluated,
};

/** A program's inputs, in the order in which they were traced. */
export function programInputs({ nodes }: Program): InputAttributes[] {
  return nodes.filter(({ op }) => op === inputOp).map(({ attributes }) => attributes);
}

/** A range of a variable, as it was before the run. */
export const variableOp: Op<VariableAttributes> = {
  name: "variable",
  ...LEAF,
  infer: (_inputs, { shape }) => [{ shape, dtype: "f32" }],
  evaluate: notEvaluated,
};

/** A tensor known when the program was traced. */
export const constantOp: Op<ConstantAttributes> = {
  name: "constant",
  ...LEAF,
  infer: (_inputs, { shape }) => [{ shape, dtype: "f32" }],
  evaluate: (_inputs, { data }) => [Float64Array.from(data)],
};

/** Whether an op is one of the leaves. */
export function isLeaf(op: { readonly name: string }): boolean {
  return op === inputOp || op === variableOp || op === constantOp;
}
