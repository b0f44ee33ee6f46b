/** The classification loss, its gradient, and the count of right answers. */
import type { GraphNode, Value } from "../../../graph/types.ts";
import type { CountCorrectAttributes } from "../../../ops/count_correct.ts";
import type { SoftmaxCrossEntropyAttributes } from "../../../ops/softmax_cross_entropy.ts";
import type { Accessor, KernelFamily, Lowering, PhaseOperand } from "../kernel.ts";
import { float } from "../wgsl.ts";
import { combineThreads } from "./reduce.ts";
import { addRowPhase, eachClass, exponentials } from "./rows.ts";

/** Invocations of the workgroup that sums over all rows. */
const GROUP = 256;

/** The operands of a shader; `weights` may be missing. */
type Accessors = Readonly<Record<string, Accessor>>;

/** How a shader knows the target distribution of its row. */
interface Target {
  /** Labels or probabilities, and weights of the classes if there are any. */
  operands(lowering: Lowering): Record<string, PhaseOperand>;
  /** WGSL condition: whether the row counts. */
  counts(accessors: Accessors, row: string): string;
  /** WGSL of how much the row counts in a mean. */
  amount(accessors: Accessors, row: string): string;
  /** WGSL of the smoothed probability of class `c` in `row`, times the class's weight. */
  probability(accessors: Accessors): string;
}

function targetOf(
  targets: Value,
  weights: Value | undefined,
  classes: number,
  labelSmoothing: number,
): Target {
  const isLabels = targets.shape.length === 1;
  const kept = float(1 - labelSmoothing), spread = float(labelSmoothing / classes);
  const counts: Target["counts"] = ({ targets }, row) =>
    isLabels ? `${targets.at(row)} >= 0i` : "true";
  return {
    operands: (lowering) => ({
      ...lowering.reads(isLabels ? "i32" : "f32", { targets }),
      ...lowering.reads("f32", { weights }),
    }),
    counts,
    amount(accessors, row) {
      const { targets, weights } = accessors;
      const one = isLabels && weights ? weights.at(`u32(max(${targets.at(row)}, 0i))`) : "1.0f";
      return `select(0.0f, ${one}, ${counts(accessors, row)})`;
    },
    probability({ targets, weights }) {
      const certain = isLabels
        ? `select(0.0f, 1.0f, i32(c) == ${targets.at("row")})`
        : targets.at(`row * ${classes}u + c`);
      const smoothed = labelSmoothing === 0 ? certain : `(${kept} * ${certain} + ${spread})`;
      return weights ? `(${weights.at("c")} * ${smoothed})` : smoothed;
    },
  };
}

function lowerLoss(node: GraphNode, lowering: Lowering): void {
  const [logits, targets, weights] = node.inputs;
  const { labelSmoothing, reduction } = node.attributes as SoftmaxCrossEntropyAttributes;
  const [rows, classes] = logits.shape;
  const target = targetOf(targets, weights, classes, labelSmoothing);
  const result = lowering.ref(node.outputs[0]);
  const losses = reduction === "none" ? result : lowering.scratch(4 * rows, "losses");
  addRowPhase("softmaxCrossEntropy", logits.shape, {
    ...lowering.reads("f32", { logits }),
    ...target.operands(lowering),
    ...lowering.writes("f32", { losses }),
  }, ({ logits, losses, ...accessors }, threads) => {
    const { globals, statements } = exponentials(logits, classes, threads);
    const sum = combineThreads("loss", "f32", threads);
    const logit = `(${logits.at(`row * ${classes}u + c`)} - most)`;
    const counts = target.counts(accessors, "row");
    return {
      globals: `${globals}\n${sum.globals}`,
      main: `
${statements}
let logTotal = log(total);
var loss = 0.0f;
${eachClass(classes, threads, `loss += ${target.probability(accessors)} * (logTotal - ${logit});`)}
${sum.statements}
if (thread == 0u) { ${losses.set("row", `select(0.0f, loss, ${counts})`)} }`,
    };
  }, lowering);
  if (reduction === "none") return;
  lowering.phase({
    name: "softmaxCrossEntropy rows",
    operands: {
      ...lowering.reads("f32", { losses }),
      ...target.operands(lowering),
      ...lowering.writes("f32", { result }),
    },
    workgroupSize: GROUP,
    workgroups: [1, 1, 1],
    code: (accessors: Accessors) => {
      const { losses, result } = accessors;
      const total = combineThreads("total", "vec2<f32>", GROUP);
      return {
        globals: total.globals,
        main: `
var total = vec2<f32>();
for (var row = thread; row < ${rows}u; row += ${GROUP}u) {
  total += vec2<f32>(${losses.at("row")}, ${target.amount(accessors, "row")});
}
${total.statements}
if (thread == 0u) { ${result.set("0u", reduction === "mean" ? "total.x / total.y" : "total.x")} }`,
      };
    },
  });
}

function lowerGradient(node: GraphNode, lowering: Lowering): void {
  const [dLoss, logits, targets, weights] = node.inputs;
  const { labelSmoothing, reduction } = node.attributes as SoftmaxCrossEntropyAttributes;
  const [rows, classes] = logits.shape;
  const target = targetOf(targets, weights, classes, labelSmoothing);
  addRowPhase("softmaxCrossEntropyGradient", logits.shape, {
    ...lowering.reads("f32", { dLoss, logits }),
    ...target.operands(lowering),
    ...lowering.writes("f32", { result: node.outputs[0] }),
  }, ({ dLoss, logits, result, ...accessors }, threads) => {
    const { globals, statements } = exponentials(logits, classes, threads);
    // x: how much all rows count; y: the sum of the row's target probabilities.
    const sums = combineThreads("sums", "vec2<f32>", threads);
    const place = `row * ${classes}u + c`;
    const share = reduction === "mean" ? " / sums.x" : "";
    const softmax = `exp(${logits.at(place)} - most) / total`;
    const value = `let value = weight * (sums.y * ${softmax} - ${target.probability(accessors)});`;
    return {
      globals: `${globals}\n${sums.globals}`,
      main: `
${statements}
var sums = vec2<f32>();
for (var other = thread; other < ${rows}u; other += ${threads}u) {
  sums.x += ${target.amount(accessors, "other")};
}
${eachClass(classes, threads, `sums.y += ${target.probability(accessors)};`)}
${sums.statements}
let weight = ${dLoss.at(reduction === "none" ? "row" : "0u")}${share};
let counts = ${target.counts(accessors, "row")};
${eachClass(classes, threads, `${value} ${result.set(place, "select(0.0f, value, counts)")}`)}`,
    };
  }, lowering);
}

function lowerCount(
  { inputs: [logits, labels], outputs, attributes }: GraphNode,
  lowering: Lowering,
): void {
  const [rows, classes] = logits.shape;
  const { k }: CountCorrectAttributes = attributes;
  lowering.phase({
    name: "countCorrect",
    operands: {
      ...lowering.reads("f32", { logits }),
      ...lowering.reads("i32", { labels }),
      ...lowering.writes("f32", { result: outputs[0] }),
    },
    workgroupSize: GROUP,
    workgroups: [1, 1, 1],
    code: ({ logits, labels, result }) => {
      const { globals, statements } = combineThreads("count", "f32", GROUP);
      const countRow = k === 1
        ? countLargest(logits, labels, classes)
        : countRanks(logits, labels, classes, k);
      return {
        globals,
        main: `
var count = 0.0f;
for (var row = thread; row < ${rows}u; row += ${GROUP}u) {
${countRow}
}
${statements}
if (thread == 0u) { ${result.set("0u", "count")} }`,
      };
    },
  });
}

/** WGSL that counts `row` if its largest element, the first of equals, is the label's. */
function countLargest(logits: Accessor, labels: Accessor, classes: number): string {
  return `  var best = 0u;
  var most = ${logits.at(`row * ${classes}u`)};
  for (var c = 1u; c < ${classes}u; c++) {
    let logit = ${logits.at(`row * ${classes}u + c`)};
    if (logit > most) { best = c; most = logit; }
  }
  if (i32(best) == ${labels.at("row")}) { count += 1.0f; }`;
}

/** WGSL that counts `row` if fewer than `k` elements exceed the label's. */
function countRanks(logits: Accessor, labels: Accessor, classes: number, k: number): string {
  return `  let label = ${labels.at("row")};
  if (label < 0i || label >= ${classes}i) { continue; }
  let own = ${logits.at(`row * ${classes}u + u32(label)`)};
  var rank = 0u;
  for (var c = 0u; c < ${classes}u; c++) {
    if (!(${logits.at(`row * ${classes}u + c`)} <= own)) { rank++; }
  }
  if (rank < ${k}u) { count += 1.0f; }`;
}

/** The loss, its gradient, and how many rows are classified correctly. */
export const classification: readonly KernelFamily[] = [
  { ops: ["softmaxCrossEntropy"], lower: lowerLoss },
  { ops: ["softmaxCrossEntropyGradient"], lower: lowerGradient },
  { ops: ["countCorrect"], lower: lowerCount },
];
