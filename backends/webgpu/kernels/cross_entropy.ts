/** The classification loss, its gradient, and the number of correct answers. */
import type { GraphNode, Value } from "../../../graph/types.ts";
import type { CountCorrectAttributes } from "../../../ops/count_correct.ts";
import type { SoftmaxCrossEntropyAttributes } from "../../../ops/softmax_cross_entropy.ts";
import type { KernelFamily, Lowering, Ref } from "../kernel.ts";
import { float } from "../wgsl.ts";
import countCorrect from "./count_correct.wgsl" with { type: "text" };
import lossOfRow from "./cross_entropy.wgsl" with { type: "text" };
import gradient from "./cross_entropy_gradient.wgsl" with { type: "text" };
import lossOfRows from "./cross_entropy_rows.wgsl" with { type: "text" };
import targetDistribution from "./cross_entropy_targets.wgsl" with { type: "text" };
import { combineThreads } from "./reduce.ts";
import { eachRow, EXPONENTIALS } from "./rows.ts";

/** Size of one workgroup for all rows: `deno task kernel countCorrect --backend webgpu`. */
const GROUP = 256;

/** Targets are labels; rows with a negative label do not count. */
const LABELS = `
fn counts(row: u32) -> bool { return targets(row) >= 0; }
fn certainty(row: u32, c: u32) -> f32 { return select(0.0f, 1.0f, i32(c) == targets(row)); }
fn amount(row: u32) -> f32 {
  return select(0.0f, classWeight(u32(max(targets(row), 0))), counts(row));
}`;

/** Targets are probabilities. */
const PROBABILITIES = `
fn counts(row: u32) -> bool { return true; }
fn certainty(row: u32, c: u32) -> f32 { return targets(row * CLASSES + c); }
fn amount(row: u32) -> f32 { return 1.0f; }`;

/** The parts of a dispatch that depend on the targets and on the node's attributes. */
function dispatchParts(
  { attributes }: GraphNode,
  logits: Value,
  targets: Value,
  weights: Value | undefined,
  others: Readonly<Record<string, Ref | Value>>,
) {
  const { labelSmoothing, reduction } = attributes as SoftmaxCrossEntropyAttributes;
  const [, classes] = logits.shape;
  const isLabels = targets.shape.length === 1;
  return {
    reads: isLabels
      ? { f32: { ...others, weights }, i32: { targets } }
      : { f32: { ...others, weights, targets } },
    shape: logits.shape,
    constants: {
      HAS_WEIGHTS: weights !== undefined,
      IS_SMOOTHED: labelSmoothing !== 0,
      KEPT: float(1 - labelSmoothing),
      SPREAD: float(labelSmoothing / classes),
      IS_MEAN: reduction === "mean",
      IS_EACH: reduction === "none",
    },
    target: `${isLabels ? LABELS : PROBABILITIES}\n${targetDistribution}`,
  };
}

function lowerLoss(node: GraphNode, lowering: Lowering): void {
  const [logits, targets, weights] = node.inputs;
  const [rows, classes] = logits.shape;
  const isEach = node.attributes.reduction === "none";
  const result = lowering.ref(node.outputs[0]);
  const losses = isEach ? result : lowering.scratch(4 * rows, "losses");
  const { target, ...parts } = dispatchParts(node, logits, targets, weights, { logits });
  eachRow({
    ...parts,
    name: "softmaxCrossEntropy",
    writes: { f32: { losses } },
    wgsl: [EXPONENTIALS, target, combineThreads("lossSum", "f32"), lossOfRow],
  }, lowering);
  if (isEach) return;
  const { reads, constants } = dispatchParts(node, logits, targets, weights, { losses });
  lowering.dispatch({
    name: "softmaxCrossEntropy rows",
    reads,
    writes: { f32: { result } },
    workgroupSize: GROUP,
    workgroups: [1, 1, 1],
    constants: { ROWS: rows, CLASSES: classes, ...constants },
    wgsl: [target, combineThreads("total", "vec2<f32>"), lossOfRows].join("\n"),
  });
}

function lowerGradient(node: GraphNode, lowering: Lowering): void {
  const [dLoss, logits, targets, weights] = node.inputs;
  const { target, ...parts } = dispatchParts(node, logits, targets, weights, { dLoss, logits });
  eachRow({
    ...parts,
    name: "softmaxCrossEntropyGradient",
    writes: { f32: { result: node.outputs[0] } },
    wgsl: [EXPONENTIALS, target, combineThreads("sumsOver", "vec2<f32>"), gradient],
  }, lowering);
}

function lowerCount(
  { inputs: [logits, labels], outputs: [result], attributes }: GraphNode,
  lowering: Lowering,
): void {
  const [rows, classes] = logits.shape;
  const { k }: CountCorrectAttributes = attributes;
  lowering.dispatch({
    name: "countCorrect",
    reads: { f32: { logits }, i32: { labels } },
    writes: { f32: { result } },
    workgroupSize: GROUP,
    workgroups: [1, 1, 1],
    constants: { ROWS: rows, CLASSES: classes, K: k },
    wgsl: `${combineThreads("total", "f32")}\n${countCorrect}`,
  });
}

/** The loss, its gradient, and the number of rows that are classified correctly. */
export const classification: readonly KernelFamily[] = [
  { ops: ["softmaxCrossEntropy"], lower: lowerLoss },
  { ops: ["softmaxCrossEntropyGradient"], lower: lowerGradient },
  { ops: ["countCorrect"], lower: lowerCount },
];
