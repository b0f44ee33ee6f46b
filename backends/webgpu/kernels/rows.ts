/** Softmax and its kin: one workgroup a row of logits. */
import type { GraphNode } from "../../../graph/types.ts";
import {
  type Constants,
  coverByGroups,
  type KernelFamily,
  type Lowering,
  type Operand,
} from "../kernel.ts";
import exponentials from "./exponentials.wgsl" with { type: "text" };
import { combineThreads } from "./reduce.ts";
import softmax from "./softmax.wgsl" with { type: "text" };
import softmaxGradient from "./softmax_gradient.wgsl" with { type: "text" };

/** Invocations for a row: a power of two, for some four elements each. */
function rowThreads(classes: number): number {
  return Math.min(256, 2 ** Math.ceil(Math.log2(Math.max(1, classes / 4))));
}

/**
 * WGSL function `exponentials(row, thread)`: `most`, the largest of a row of `logits`, and `total`, the
 * sum of `exp(logit - most)`.
 */
export const EXPONENTIALS = [
  combineThreads("largest", "f32", { combine: "max(a, b)" }),
  combineThreads("total", "f32"),
  exponentials,
].join("\n");

/** Adds a dispatch with a workgroup for each row, of which there are `ROWS` of `CLASSES` elements. */
export function addRowDispatch(
  name: string,
  [rows, classes]: readonly number[],
  operands: Record<string, Operand>,
  wgsl: readonly string[],
  lowering: Lowering,
  constants: Constants = {},
): void {
  lowering.dispatch({
    name,
    operands,
    workgroupSize: rowThreads(classes),
    workgroups: coverByGroups(rows),
    constants: { ROWS: rows, CLASSES: classes, ...constants },
    wgsl: [ROW_OF, ...wgsl].join("\n"),
  });
}

/** A workgroup past the last row computes the last one again. */
const ROW_OF = `
fn rowOf(group: vec3<u32>) -> u32 {
  return min(group.y * GROUPS_X + group.x, ROWS - 1);
}`;

const SOFTMAX = `
fn result(logit: f32, sums: Exponentials) -> f32 {
  return exp(logit - sums.most) / sums.total;
}`;

const LOG_SOFTMAX = `
fn result(logit: f32, sums: Exponentials) -> f32 {
  return logit - sums.most - log(sums.total);
}`;

function lowerSoftmax({ op, inputs: [logits], outputs: [result] }: GraphNode, lowering: Lowering) {
  const operands = {
    ...lowering.reads("f32", { logits }),
    ...lowering.writes("f32", { result }),
  };
  const wgsl = [EXPONENTIALS, op.name === "softmax" ? SOFTMAX : LOG_SOFTMAX, softmax];
  addRowDispatch(op.name, logits.shape, operands, wgsl, lowering);
}

const SOFTMAX_GRADIENT = `
fn term(place: u32) -> f32 { return dy(place) * y(place); }
fn result(place: u32, total: f32) -> f32 { return y(place) * (dy(place) - total); }`;

const LOG_SOFTMAX_GRADIENT = `
fn term(place: u32) -> f32 { return dy(place); }
fn result(place: u32, total: f32) -> f32 { return dy(place) - exp(y(place)) * total; }`;

function lowerGradient({ op, inputs: [dy, y], outputs: [dx] }: GraphNode, lowering: Lowering) {
  const operands = { ...lowering.reads("f32", { dy, y }), ...lowering.writes("f32", { dx }) };
  const wgsl = [
    combineThreads("total", "f32"),
    op.name === "softmaxGradient" ? SOFTMAX_GRADIENT : LOG_SOFTMAX_GRADIENT,
    softmaxGradient,
  ];
  addRowDispatch(op.name, y.shape, operands, wgsl, lowering);
}

/** Softmax, its logarithm and their gradients. */
export const softmaxes: readonly KernelFamily[] = [
  { ops: ["softmax", "logSoftmax"], lower: lowerSoftmax },
  { ops: ["softmaxGradient", "logSoftmaxGradient"], lower: lowerGradient },
];
