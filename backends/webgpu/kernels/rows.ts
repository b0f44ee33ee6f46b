/** Softmax and related ops: one workgroup per row of logits. */
import type { GraphNode } from "../../../graph/types.ts";
import {
  coverByGroups,
  type DispatchRequest,
  type KernelFamily,
  type Lowering,
} from "../kernel.ts";
import exponentials from "./exponentials.wgsl" with { type: "text" };
import { combineThreads } from "./reduce.ts";
import softmax from "./softmax.wgsl" with { type: "text" };
import softmaxGradient from "./softmax_gradient.wgsl" with { type: "text" };

/** A power of two, about four elements each: `deno task kernel softmax --backend webgpu`. */
function rowThreads(classes: number): number {
  return Math.min(256, 2 ** Math.ceil(Math.log2(Math.max(1, classes / 4))));
}

/**
 * WGSL function `exponentials(row, thread)`: `most`, the largest of a row of `logits`, and `total`,
 * the sum of `exp(logit - most)`.
 */
export const EXPONENTIALS = [
  combineThreads("largest", "f32", { combine: "max(a, b)" }),
  combineThreads("total", "f32"),
  exponentials,
].join("\n");

/** A dispatch with one workgroup per row; its WGSL defines `computeRow(row, thread)`. */
export interface RowRequest extends Omit<DispatchRequest, "workgroupSize" | "workgroups" | "wgsl"> {
  /** Rows and elements of a row: the constants `ROWS` and `CLASSES`. */
  readonly shape: readonly number[];
  readonly wgsl: readonly string[];
}

/** Adds a dispatch with one workgroup per row. */
export function eachRow({ shape, constants, wgsl, ...rest }: RowRequest, lowering: Lowering): void {
  const [rows, classes] = shape;
  lowering.dispatch({
    ...rest,
    workgroupSize: rowThreads(classes),
    workgroups: coverByGroups(rows),
    constants: { ROWS: rows, CLASSES: classes, ...constants },
    wgsl: [...wgsl, EACH_ROW].join("\n"),
  });
}

/** A workgroup past the last row computes the last one again. */
const EACH_ROW = `
fn computeGroup(group: vec3<u32>, thread: u32) {
  computeRow(min(group.y * GROUPS_X + group.x, ROWS - 1), thread);
}`;

function lowerSoftmax({ op, inputs: [logits], outputs: [result] }: GraphNode, lowering: Lowering) {
  eachRow({
    name: op.name,
    shape: logits.shape,
    reads: { f32: { logits } },
    writes: { f32: { result } },
    constants: { IS_LOG: op.name === "logSoftmax" },
    wgsl: [EXPONENTIALS, softmax],
  }, lowering);
}

function lowerGradient({ op, inputs: [dy, y], outputs: [dx] }: GraphNode, lowering: Lowering) {
  eachRow({
    name: op.name,
    shape: y.shape,
    reads: { f32: { dy, y } },
    writes: { f32: { dx } },
    constants: { IS_LOG: op.name === "logSoftmaxGradient" },
    wgsl: [combineThreads("total", "f32"), softmaxGradient],
  }, lowering);
}

/** Softmax, its logarithm and their gradients. */
export const softmaxes: readonly KernelFamily[] = [
  { ops: ["softmax", "logSoftmax"], lower: lowerSoftmax },
  { ops: ["softmaxGradient", "logSoftmaxGradient"], lower: lowerGradient },
];
