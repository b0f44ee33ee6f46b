/** Softmax and its kin: one workgroup a row of logits. */
import type { GraphNode } from "../../../graph/types.ts";
import {
  type Accessor,
  coverByGroups,
  type KernelFamily,
  type Lowering,
  type PhaseOperand,
} from "../kernel.ts";
import { combineThreads } from "./reduce.ts";

/** Invocations for a row: a power of two, for some four elements each. */
function rowThreads(classes: number): number {
  return Math.min(256, 2 ** Math.ceil(Math.log2(Math.max(1, classes / 4))));
}

/** WGSL of a loop over a row's classes, `c`, which its invocations share. */
export function eachClass(classes: number, threads: number, body: string): string {
  return `for (var c = thread; c < ${classes}u; c += ${threads}u) { ${body} }`;
}

/**
 * WGSL that computes `most: f32`, the largest of a row of logits, and `total: f32`, the sum of
 * `exp(logit - most)`; `row` is a u32 in scope.
 */
export function exponentials(
  logits: Accessor,
  classes: number,
  threads: number,
): { globals: string; statements: string } {
  const most = combineThreads("most", "f32", threads, { combine: "max(a, b)" });
  const total = combineThreads("total", "f32", threads);
  const logit = logits.at(`row * ${classes}u + c`);
  return {
    globals: `${most.globals}\n${total.globals}`,
    statements: `
var most = ${logits.at(`row * ${classes}u + min(thread, ${classes - 1}u)`)};
${eachClass(classes, threads, `most = max(most, ${logit});`)}
${most.statements}
var total = 0.0f;
${eachClass(classes, threads, `total += exp(${logit} - most);`)}
${total.statements}`,
  };
}

/** Adds a phase with a workgroup for each row; `row` is the row's number, inside the tensor. */
export function addRowPhase(
  name: string,
  [rows, classes]: readonly number[],
  operands: Record<string, PhaseOperand>,
  code: (accessors: Readonly<Record<string, Accessor>>, threads: number) => {
    globals: string;
    main: string;
  },
  lowering: Lowering,
): void {
  const threads = rowThreads(classes);
  const { workgroups, index } = coverByGroups(rows);
  lowering.phase({
    name,
    operands,
    workgroupSize: threads,
    workgroups,
    code: (accessors) => {
      const { globals, main } = code(accessors, threads);
      // A workgroup past the last row computes the last one again.
      return { globals, main: `let row = min(${index}, ${rows - 1}u);\n${main}` };
    },
  });
}

function lowerSoftmax({ op, inputs: [logits], outputs: [result] }: GraphNode, lowering: Lowering) {
  const [, classes] = logits.shape;
  addRowPhase(op.name, logits.shape, {
    ...lowering.reads("f32", { logits }),
    ...lowering.writes("f32", { result }),
  }, ({ logits, result }, threads) => {
    const { globals, statements } = exponentials(logits, classes, threads);
    const place = `row * ${classes}u + c`;
    const value = op.name === "softmax"
      ? `exp(${logits.at(place)} - most) / total`
      : `${logits.at(place)} - most - log(total)`;
    return {
      globals,
      main: `${statements}\n${eachClass(classes, threads, result.set(place, value))}`,
    };
  }, lowering);
}

function lowerGradient({ op, inputs: [dy, y], outputs: [dx] }: GraphNode, lowering: Lowering) {
  const [, classes] = y.shape;
  addRowPhase(op.name, y.shape, {
    ...lowering.reads("f32", { dy, y }),
    ...lowering.writes("f32", { dx }),
  }, ({ dy, y, dx }, threads) => {
    const { globals, statements } = combineThreads("total", "f32", threads);
    const place = `row * ${classes}u + c`;
    const [term, value] = op.name === "softmaxGradient"
      ? [`${dy.at(place)} * ${y.at(place)}`, `${y.at(place)} * (${dy.at(place)} - total)`]
      : [dy.at(place), `${dy.at(place)} - exp(${y.at(place)}) * total`];
    return {
      globals,
      main: `
var total = 0.0f;
${eachClass(classes, threads, `total += ${term};`)}
${statements}
${eachClass(classes, threads, dx.set(place, value))}`,
    };
  }, lowering);
}

/** Softmax, its logarithm and their gradients. */
export const softmaxes: readonly KernelFamily[] = [
  { ops: ["softmax", "logSoftmax"], lower: lowerSoftmax },
  { ops: ["softmaxGradient", "logSoftmaxGradient"], lower: lowerGradient },
];
