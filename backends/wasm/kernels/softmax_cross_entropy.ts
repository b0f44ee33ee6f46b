/** The classification loss and its gradient. */
import type { Shape, Value } from "../../../graph/types.ts";
import type { SoftmaxCrossEntropyAttributes } from "../../../ops/softmax_cross_entropy.ts";
import { call, type Expression, f32, f64, i32, type Local, select } from "../assembler/mod.ts";
import type { KernelFamily, KernelFunction } from "../kernel.ts";
import { forEachColumn, forEachRow, logSumExp, type Row, sumOverRow } from "./rows.ts";
import { exponential } from "./scalar_math.ts";

/** What the code depends on besides the target and the number of threads. */
interface LossShape extends SoftmaxCrossEntropyAttributes {
  readonly rows: number;
  readonly classes: number;
  /** Whether the target holds labels, not probabilities. */
  readonly labels: boolean;
}

function lossShape(
  logits: Value,
  target: Value,
  { labelSmoothing, reduction }: SoftmaxCrossEntropyAttributes,
): LossShape {
  const [rows, classes] = logits.shape;
  return { rows, classes, labels: target.shape.length === 1, labelSmoothing, reduction };
}

const logitsShape = ({ rows, classes }: LossShape): Shape => [rows, classes];
const targetShape = (shape: LossShape): Shape => shape.labels ? [shape.rows] : logitsShape(shape);

const keyOf = (name: string, shape: LossShape) => `${name} ${Object.values(shape)}`;

/** `softmaxCrossEntropy`: the loss of each row, then their sum in the order of the rows. */
export const softmaxCrossEntropy: KernelFamily = {
  ops: ["softmaxCrossEntropy"],
  lower({ inputs: [logits, target], outputs: [loss], attributes }, lowering) {
    const shape = lossShape(logits, target, attributes as SoftmaxCrossEntropyAttributes);
    const each = shape.reduction === "none"
      ? lowering.ref(loss, [shape.rows])
      : lowering.scratch(8 * shape.rows);
    lowering.phase({
      kernel: keyOf("rowLoss", shape),
      build: (f, library) =>
        forEachRow(f, shape.classes, (row) => {
          const value = f.f64();
          f.set(value, 0);
          const compute = (label?: Local<"i32">) => {
            const normalizer = logSumExp(f, library, row, "logits", shape.classes);
            f.set(value, f64.neg(expectedLogProbability(f, shape, row, normalizer, label)));
          };
          if (shape.labels) withLabel(f, row, compute);
          else compute();
          const { each } = f.parameters;
          f.emit(
            shape.reduction === "none"
              ? f32.store(i32.add(each, i32.mul(row.index, 4)), f32.demoteF64(value))
              : f64.store(i32.add(each, i32.mul(row.index, 8)), value),
          );
        }),
      args: {
        logits: lowering.ref(logits, logitsShape(shape)),
        target: lowering.ref(target, targetShape(shape)),
        each,
      },
      writes: ["each"],
      items: shape.rows,
      detail: "rows",
    });
    if (shape.reduction === "none") return;
    lowering.phase({
      kernel: keyOf("totalLoss", shape),
      build: (f) => {
        const total = f.f64(), row = f.i32();
        f.loopAtLeastOnce(row, 0, 8 * shape.rows, 8, () => {
          f.set(total, f64.add(total, f64.load(i32.add(f.parameters.each, row))));
        });
        const share = f64.mul(total, sampleShare(f, shape));
        f.emit(f32.store(f.parameters.loss, f32.demoteF64(share)));
      },
      args: {
        target: lowering.ref(target, targetShape(shape)),
        each,
        loss: lowering.ref(loss, []),
      },
      writes: ["loss"],
      detail: "total",
    });
  },
};

/** `softmaxCrossEntropyGradient`: softmax times the target's mass, less the target. */
export const softmaxCrossEntropyGradient: KernelFamily = {
  ops: ["softmaxCrossEntropyGradient"],
  lower({ inputs: [dLoss, logits, target], outputs: [output], attributes }, lowering) {
    const shape = lossShape(logits, target, attributes as SoftmaxCrossEntropyAttributes);
    lowering.phase({
      kernel: keyOf("lossGradient", shape),
      build: (f, library) => {
        const share = f.f64(), weight = f.f64();
        f.set(share, sampleShare(f, shape));
        forEachRow(f, shape.classes, (row) => {
          const compute = (label?: Local<"i32">) => {
            const { dLoss } = f.parameters;
            const own = shape.reduction === "none" ? i32.add(dLoss, i32.mul(row.index, 4)) : dLoss;
            f.set(weight, f64.mul(share, f64.promoteF32(f32.load(own))));
            const normalizer = logSumExp(f, library, row, "logits", shape.classes);
            const mass = sumOverRow(f, shape.classes, (c) => smoothed(shape, row, c, label));
            forEachColumn(f, shape.classes, (column) => {
              const x = f64.sub(row.load("logits", column), normalizer);
              const expected = f64.mul(mass, call(exponential(library), { x }));
              const difference = f64.sub(expected, smoothed(shape, row, column, label));
              row.store("y", column, f64.mul(weight, difference));
            });
          };
          const ignore = () =>
            forEachColumn(f, shape.classes, (column) => row.store("y", column, 0));
          if (shape.labels) withLabel(f, row, compute, ignore);
          else compute();
        });
      },
      args: {
        dLoss: lowering.ref(dLoss, shape.reduction === "none" ? [shape.rows] : []),
        logits: lowering.ref(logits, logitsShape(shape)),
        target: lowering.ref(target, targetShape(shape)),
        y: lowering.ref(output, logitsShape(shape)),
      },
      writes: ["y"],
      items: shape.rows,
    });
  },
};

/** Runs `compute` with the row's label, or `ignore` if that is negative. */
function withLabel(
  f: KernelFunction<string>,
  row: Row,
  compute: (label: Local<"i32">) => void,
  ignore?: () => void,
): void {
  const label = f.i32();
  f.set(label, i32.load(i32.add(f.parameters.target, i32.mul(row.index, 4))));
  f.if(i32.geS(label, 0), () => compute(label), ignore);
}

/** The target's share of a class (`column` in bytes), after smoothing. */
function smoothed(
  { classes, labelSmoothing }: LossShape,
  row: Row,
  column: Local<"i32">,
  label: Local<"i32"> | undefined,
): Expression<"f64"> {
  const even = labelSmoothing / classes;
  if (!label) return f64.add(f64.mul(row.load("target", column), 1 - labelSmoothing), even);
  return select("f64", i32.eq(i32.shrU(column, 2), label), 1 - labelSmoothing + even, even);
}

/** The mean of the log-probabilities under the target's distribution. */
function expectedLogProbability(
  f: KernelFunction<string>,
  shape: LossShape,
  row: Row,
  normalizer: Local<"f64">,
  label: Local<"i32"> | undefined,
): Expression<"f64"> {
  return sumOverRow(f, shape.classes, (column) => {
    const logProbability = f64.sub(row.load("logits", column), normalizer);
    return f64.mul(smoothed(shape, row, column, label), logProbability);
  });
}

/** By how much each row's loss counts: 1, or 1 over the rows that are not ignored. */
function sampleShare(f: KernelFunction<string>, shape: LossShape): Expression<"f64"> {
  const share = f.f64();
  if (shape.reduction !== "mean" || !shape.labels) {
    f.set(share, shape.reduction === "mean" ? 1 / shape.rows : 1);
    return share;
  }
  const count = f.i32(), row = f.i32();
  f.loopAtLeastOnce(row, 0, 4 * shape.rows, 4, () => {
    const label = i32.load(i32.add(f.parameters.target, row));
    f.set(count, i32.add(count, i32.geS(label, 0)));
  });
  f.set(share, f64.div(1, f64.convertI32S(count)));
  return share;
}
