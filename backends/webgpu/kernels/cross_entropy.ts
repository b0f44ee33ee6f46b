/** The classification loss, its gradient, and the count of right answers. */
import type { GraphNode, Value } from "../../../graph/types.ts";
import type { CountCorrectAttributes } from "../../../ops/count_correct.ts";
import type { SoftmaxCrossEntropyAttributes } from "../../../ops/softmax_cross_entropy.ts";
import type { Accessor, KernelFamily, Lowering } from "../kernel.ts";
import { float } from "../wgsl.ts";
import { combineThreads } from "./reduce.ts";
import { addRowPhase, eachClass, exponentials } from "./rows.ts";

/** Invocations of the workgroup that sums over all rows. */
const GROUP = 256;

/** How a shader knows the target distribution of its row. */
interface Target {
  /** Of class labels, or of probabilities. */
  readonly type: "i32" | "f32";
  /** WGSL condition: whether the row counts. */
  counts(target: Accessor, row: string): string;
  /** WGSL of the smoothed probability of class `c` in `row`. */
  probability(target: Accessor): string;
}

function targetOf(value: Value, classes: number, labelSmoothing: number): Target {
  const isLabels = value.shape.length === 1;
  const kept = float(1 - labelSmoothing), spread = float(labelSmoothing / classes);
  return {
    type: isLabels ? "i32" : "f32",
    counts: (target, row) => isLabels ? `${target.at(row)} >= 0i` : "true",
    probability: (target) => {
      const certain = isLabels
        ? `select(0.0f, 1.0f, i32(c) == ${target.at("row")})`
        : target.at(`row * ${classes}u + c`);
      return labelSmoothing === 0 ? certain : `(${kept} * ${certain} + ${spread})`;
    },
  };
}

function lowerLoss(node: GraphNode, lowering: Lowering): void {
  const [logits, targets] = node.inputs;
  const { labelSmoothing, reduction } = node.attributes as SoftmaxCrossEntropyAttributes;
  const [rows, classes] = logits.shape;
  const target = targetOf(targets, classes, labelSmoothing);
  const result = lowering.ref(node.outputs[0]);
  const losses = reduction === "none" ? result : lowering.scratch(4 * rows, "losses");
  addRowPhase("softmaxCrossEntropy", logits.shape, {
    ...lowering.reads("f32", { logits }),
    ...lowering.reads(target.type, { targets }),
    ...lowering.writes("f32", { losses }),
  }, ({ logits, targets, losses }, threads) => {
    const { globals, statements } = exponentials(logits, classes, threads);
    const sum = combineThreads("loss", "f32", threads);
    const logit = `(${logits.at(`row * ${classes}u + c`)} - most)`;
    return {
      globals: `${globals}\n${sum.globals}`,
      main: `
${statements}
let logTotal = log(total);
var loss = 0.0f;
${eachClass(classes, threads, `loss += ${target.probability(targets)} * (logTotal - ${logit});`)}
${sum.statements}
if (thread == 0u) { ${losses.set("row", `select(0.0f, loss, ${target.counts(targets, "row")})`)} }`,
    };
  }, lowering);
  if (reduction === "none") return;
  lowering.phase({
    name: "softmaxCrossEntropy rows",
    operands: {
      ...lowering.reads("f32", { losses }),
      ...lowering.reads(target.type, { targets }),
      ...lowering.writes("f32", { result }),
    },
    workgroupSize: GROUP,
    workgroups: [1, 1, 1],
    code: ({ losses, targets, result }) => {
      const total = combineThreads("total", "vec2<f32>", GROUP);
      return {
        globals: total.globals,
        main: `
var total = vec2<f32>();
for (var row = thread; row < ${rows}u; row += ${GROUP}u) {
  total += vec2<f32>(${losses.at("row")}, select(0.0f, 1.0f, ${target.counts(targets, "row")}));
}
${total.statements}
if (thread == 0u) { ${result.set("0u", reduction === "mean" ? "total.x / total.y" : "total.x")} }`,
      };
    },
  });
}

function lowerGradient(node: GraphNode, lowering: Lowering): void {
  const [dLoss, logits, targets] = node.inputs;
  const { labelSmoothing, reduction } = node.attributes as SoftmaxCrossEntropyAttributes;
  const [rows, classes] = logits.shape;
  const target = targetOf(targets, classes, labelSmoothing);
  addRowPhase("softmaxCrossEntropyGradient", logits.shape, {
    ...lowering.reads("f32", { dLoss, logits }),
    ...lowering.reads(target.type, { targets }),
    ...lowering.writes("f32", { result: node.outputs[0] }),
  }, ({ dLoss, logits, targets, result }, threads) => {
    const { globals, statements } = exponentials(logits, classes, threads);
    // x: rows that count; y: the sum of the row's target probabilities.
    const sums = combineThreads("sums", "vec2<f32>", threads);
    const place = `row * ${classes}u + c`;
    const share = reduction === "mean" ? " / sums.x" : "";
    const softmax = `exp(${logits.at(place)} - most) / total`;
    const value = `let value = weight * (sums.y * ${softmax} - ${target.probability(targets)});`;
    return {
      globals: `${globals}\n${sums.globals}`,
      main: `
${statements}
var sums = vec2<f32>();
for (var other = thread; other < ${rows}u; other += ${threads}u) {
  sums.x += select(0.0f, 1.0f, ${target.counts(targets, "other")});
}
${eachClass(classes, threads, `sums.y += ${target.probability(targets)};`)}
${sums.statements}
let weight = ${dLoss.at(reduction === "none" ? "row" : "0u")}${share};
let counts = ${target.counts(targets, "row")};
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
