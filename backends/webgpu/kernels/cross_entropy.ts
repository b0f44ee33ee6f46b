/** The classification loss, its gradient, and the count of right answers. */
import type { GraphNode, Value } from "../../../graph/types.ts";
import type { CountCorrectAttributes } from "../../../ops/count_correct.ts";
import type { SoftmaxCrossEntropyAttributes } from "../../../ops/softmax_cross_entropy.ts";
import type { Constants, KernelFamily, Lowering, Operand } from "../kernel.ts";
import { float } from "../wgsl.ts";
import countCorrect from "./count_correct.wgsl" with { type: "text" };
import lossOfRow from "./cross_entropy.wgsl" with { type: "text" };
import gradient from "./cross_entropy_gradient.wgsl" with { type: "text" };
import lossOfRows from "./cross_entropy_rows.wgsl" with { type: "text" };
import { combineThreads } from "./reduce.ts";
import { addRowDispatch, EXPONENTIALS } from "./rows.ts";

/** Invocations of the workgroup that sums over all rows. */
const GROUP = 256;

/** Targets are labels, of which those below zero do not count. */
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

const WEIGHTED = `
fn classWeight(c: u32) -> f32 { return weights(c); }
fn weighted(c: u32, probability: f32) -> f32 { return weights(c) * probability; }`;

const UNWEIGHTED = `
fn classWeight(c: u32) -> f32 { return 1.0f; }
fn weighted(c: u32, probability: f32) -> f32 { return probability; }`;

const SMOOTHED = "fn smoothed(certainty: f32) -> f32 { return KEPT * certainty + SPREAD; }";
const NOT_SMOOTHED = "fn smoothed(certainty: f32) -> f32 { return certainty; }";

/** The smoothed probability of a class, times the class's weight. */
const PROBABILITY = `
fn probability(row: u32, c: u32) -> f32 { return weighted(c, smoothed(certainty(row, c))); }`;

/** How a shader knows the target distribution of a row. */
interface Target {
  /** Labels or probabilities, and weights of the classes if there are any. */
  readonly operands: Record<string, Operand>;
  /**
   * WGSL functions: whether a row `counts`, the `amount` it counts in a mean, and the `probability` of
   * a class.
   */
  readonly wgsl: string;
  readonly constants: Constants;
}

function targetOf(
  targets: Value,
  weights: Value | undefined,
  classes: number,
  labelSmoothing: number,
  lowering: Lowering,
): Target {
  const isLabels = targets.shape.length === 1;
  return {
    operands: {
      ...lowering.reads(isLabels ? "i32" : "f32", { targets }),
      ...lowering.reads("f32", { weights }),
    },
    wgsl: [
      weights ? WEIGHTED : UNWEIGHTED,
      isLabels ? LABELS : PROBABILITIES,
      labelSmoothing === 0 ? NOT_SMOOTHED : SMOOTHED,
      PROBABILITY,
    ].join("\n"),
    constants: { KEPT: float(1 - labelSmoothing), SPREAD: float(labelSmoothing / classes) },
  };
}

function lowerLoss(node: GraphNode, lowering: Lowering): void {
  const [logits, targets, weights] = node.inputs;
  const { labelSmoothing, reduction } = node.attributes as SoftmaxCrossEntropyAttributes;
  const [rows, classes] = logits.shape;
  const target = targetOf(targets, weights, classes, labelSmoothing, lowering);
  const result = lowering.ref(node.outputs[0]);
  const losses = reduction === "none" ? result : lowering.scratch(4 * rows, "losses");
  addRowDispatch(
    "softmaxCrossEntropy",
    logits.shape,
    {
      ...lowering.reads("f32", { logits }),
      ...target.operands,
      ...lowering.writes("f32", { losses }),
    },
    [EXPONENTIALS, target.wgsl, combineThreads("lossSum", "f32"), lossOfRow],
    lowering,
    target.constants,
  );
  if (reduction === "none") return;
  lowering.dispatch({
    name: "softmaxCrossEntropy rows",
    operands: {
      ...lowering.reads("f32", { losses }),
      ...target.operands,
      ...lowering.writes("f32", { result }),
    },
    workgroupSize: GROUP,
    workgroups: [1, 1, 1],
    constants: { ROWS: rows, CLASSES: classes, IS_MEAN: reduction === "mean", ...target.constants },
    wgsl: [target.wgsl, combineThreads("total", "vec2<f32>"), lossOfRows].join("\n"),
  });
}

function lowerGradient(node: GraphNode, lowering: Lowering): void {
  const [dLoss, logits, targets, weights] = node.inputs;
  const { labelSmoothing, reduction } = node.attributes as SoftmaxCrossEntropyAttributes;
  const target = targetOf(targets, weights, logits.shape[1], labelSmoothing, lowering);
  addRowDispatch(
    "softmaxCrossEntropyGradient",
    logits.shape,
    {
      ...lowering.reads("f32", { dLoss, logits }),
      ...target.operands,
      ...lowering.writes("f32", { result: node.outputs[0] }),
    },
    [
      EXPONENTIALS,
      target.wgsl,
      combineThreads("sumsOver", "vec2<f32>"),
      { mean: MEAN, sum: SUM, none: NONE }[reduction],
      gradient,
    ],
    lowering,
    target.constants,
  );
}

/** What a row's gradient is multiplied by, given how much all rows count. */
const MEAN = "fn scaleOf(row: u32, amount: f32) -> f32 { return dLoss(0) / amount; }";
const SUM = "fn scaleOf(row: u32, amount: f32) -> f32 { return dLoss(0); }";
const NONE = "fn scaleOf(row: u32, amount: f32) -> f32 { return dLoss(row); }";

function lowerCount(
  { inputs: [logits, labels], outputs, attributes }: GraphNode,
  lowering: Lowering,
): void {
  const [rows, classes] = logits.shape;
  const { k }: CountCorrectAttributes = attributes;
  lowering.dispatch({
    name: "countCorrect",
    operands: {
      ...lowering.reads("f32", { logits }),
      ...lowering.reads("i32", { labels }),
      ...lowering.writes("f32", { result: outputs[0] }),
    },
    workgroupSize: GROUP,
    workgroups: [1, 1, 1],
    constants: { ROWS: rows, CLASSES: classes, K: k },
    wgsl: [k === 1 ? LARGEST : AMONG_LARGEST, combineThreads("total", "f32"), countCorrect].join(
      "\n",
    ),
  });
}

/** Whether the largest element of a row, the first of equals, is the label's. */
const LARGEST = `
fn isCorrect(row: u32) -> bool {
  var best = 0u;
  var most = logits(row * CLASSES);
  for (var c = 1u; c < CLASSES; c++) {
    let logit = logits(row * CLASSES + c);
    if (logit > most) { best = c; most = logit; }
  }
  return i32(best) == labels(row);
}`;

/** Whether fewer than `K` elements of a row exceed the label's. */
const AMONG_LARGEST = `
fn isCorrect(row: u32) -> bool {
  let label = labels(row);
  let own = logits(row * CLASSES + u32(clamp(label, 0, CLASSES - 1)));
  var rank = 0u;
  for (var c = 0u; c < CLASSES; c++) {
    if (!(logits(row * CLASSES + c) <= own)) { rank++; }
  }
  return label >= 0 && label < CLASSES && rank < K;
}`;

/** The loss, its gradient, and how many rows are classified correctly. */
export const classification: readonly KernelFamily[] = [
  { ops: ["softmaxCrossEntropy"], lower: lowerLoss },
  { ops: ["softmaxCrossEntropyGradient"], lower: lowerGradient },
  { ops: ["countCorrect"], lower: lowerCount },
];
