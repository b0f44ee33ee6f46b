/** The classification loss and its gradient. */
import type { Shape, Value } from "../../../graph/types.ts";
import type { SoftmaxCrossEntropyAttributes } from "../../../ops/softmax_cross_entropy.ts";
import {
  call,
  type Expression,
  f32,
  f64,
  i32,
  type Local,
  select,
} from "../../../assembler/mod.ts";
import type { KernelFamily, KernelFunction, Lowering, Ref } from "../kernel.ts";
import { forEachColumn, forEachRow, logSumExp, type Row, sumOverRow } from "./rows.ts";
import { exponential } from "./scalar_math.ts";

/** What the code depends on besides the target and the number of threads. */
interface LossShape extends SoftmaxCrossEntropyAttributes {
  readonly rows: number;
  readonly classes: number;
  /** Whether the target contains labels, not probabilities. */
  readonly labels: boolean;
  /** Whether classes have weights. */
  readonly weighted: boolean;
}

function lossShape(
  [logits, target, weight]: readonly Value[],
  { labelSmoothing, reduction }: SoftmaxCrossEntropyAttributes,
): LossShape {
  const [rows, classes] = logits.shape;
  const [labels, weighted] = [target.shape.length === 1, weight !== undefined];
  return { rows, classes, labels, labelSmoothing, reduction, weighted };
}

const logitsShape = ({ rows, classes }: LossShape): Shape => [rows, classes];
const targetShape = (shape: LossShape): Shape => shape.labels ? [shape.rows] : logitsShape(shape);

/** Where the target and the weights, if any, are stored. */
function targetsOf(
  [, target, weight]: readonly Value[],
  shape: LossShape,
  lowering: Lowering,
): Record<string, Ref> {
  const place = lowering.ref(target, targetShape(shape));
  return weight
    ? { target: place, weight: lowering.ref(weight, [shape.classes]) }
    : { target: place };
}

/** Where everything that the loss depends on is stored. */
function operandsOf(
  inputs: readonly Value[],
  shape: LossShape,
  lowering: Lowering,
): Record<string, Ref> {
  const logits = lowering.ref(inputs[0], logitsShape(shape));
  return { logits, ...targetsOf(inputs, shape, lowering) };
}

const keyOf = (name: string, shape: LossShape) => `${name} ${Object.values(shape)}`;

/** `softmaxCrossEntropy`: the loss of each row, then their sum in the order of the rows. */
export const softmaxCrossEntropy: KernelFamily = {
  ops: ["softmaxCrossEntropy"],
  lower({ inputs, outputs: [loss], attributes }, lowering) {
    const shape = lossShape(inputs, attributes as SoftmaxCrossEntropyAttributes);
    const each = shape.reduction === "none"
      ? lowering.ref(loss, [shape.rows])
      : lowering.scratch(8 * shape.rows);
    lowering.launch({
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
      args: { ...operandsOf(inputs, shape, lowering), each },
      writes: ["each"],
      items: shape.rows,
      detail: "rows",
    });
    if (shape.reduction === "none") return;
    lowering.launch({
      kernel: keyOf("totalLoss", shape),
      build: (f) => {
        const total = f.f64(), row = f.i32();
        f.loopAtLeastOnce(row, 0, 8 * shape.rows, 8, () => {
          f.set(total, f64.add(total, f64.load(i32.add(f.parameters.each, row))));
        });
        const share = f64.mul(total, sampleShare(f, shape));
        f.emit(f32.store(f.parameters.loss, f32.demoteF64(share)));
      },
      args: { ...targetsOf(inputs, shape, lowering), each, loss: lowering.ref(loss, []) },
      writes: ["loss"],
      detail: "total",
    });
  },
};

/** `softmaxCrossEntropyGradient`: softmax times the target's mass, minus the target. */
export const softmaxCrossEntropyGradient: KernelFamily = {
  ops: ["softmaxCrossEntropyGradient"],
  lower({ inputs: [dLoss, ...inputs], outputs: [output], attributes }, lowering) {
    const shape = lossShape(inputs, attributes as SoftmaxCrossEntropyAttributes);
    lowering.launch({
      kernel: keyOf("lossGradient", shape),
      build: (f, library) => {
        const share = f.f64(), factor = f.f64();
        f.set(share, sampleShare(f, shape));
        forEachRow(f, shape.classes, (row) => {
          const compute = (label?: Local<"i32">) => {
            const { dLoss } = f.parameters;
            const own = shape.reduction === "none" ? i32.add(dLoss, i32.mul(row.index, 4)) : dLoss;
            f.set(factor, f64.mul(share, f64.promoteF32(f32.load(own))));
            const normalizer = logSumExp(f, library, row, "logits", shape.classes);
            const mass = sumOverRow(f, shape.classes, (c) => smoothed(f, shape, row, c, label));
            forEachColumn(f, shape.classes, (column) => {
              const x = f64.sub(row.load("logits", column), normalizer);
              const expected = f64.mul(mass, call(exponential(library), { x }));
              const difference = f64.sub(expected, smoothed(f, shape, row, column, label));
              row.store("y", column, f64.mul(factor, difference));
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
        ...operandsOf(inputs, shape, lowering),
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

/** The target's share of a class (`column` in bytes), after smoothing, times the class's weight. */
function smoothed(
  f: KernelFunction<string>,
  { classes, labelSmoothing, weighted }: LossShape,
  row: Row,
  column: Local<"i32">,
  label: Local<"i32"> | undefined,
): Expression<"f64"> {
  const even = labelSmoothing / classes;
  const share = label
    ? select("f64", i32.eq(i32.shrU(column, 2), label), 1 - labelSmoothing + even, even)
    : f64.add(f64.mul(row.load("target", column), 1 - labelSmoothing), even);
  return weighted ? f64.mul(share, weightAt(f, column)) : share;
}

/** The weight of a class, given its place in bytes. */
function weightAt(f: KernelFunction<string>, column: Expression<"i32">): Expression<"f64"> {
  return f64.promoteF32(f32.load(i32.add(f.parameters.weight, column)));
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
    return f64.mul(smoothed(f, shape, row, column, label), logProbability);
  });
}

/** The weight of each row's loss: 1, or 1 over the (weight of the) labels that are not ignored. */
function sampleShare(f: KernelFunction<string>, shape: LossShape): Expression<"f64"> {
  const share = f.f64();
  if (shape.reduction !== "mean" || !shape.labels) {
    f.set(share, shape.reduction === "mean" ? 1 / shape.rows : 1);
    return share;
  }
  const row = f.i32();
  const label = i32.load(i32.add(f.parameters.target, row));
  if (shape.weighted) {
    const total = f.f64();
    f.loopAtLeastOnce(row, 0, 4 * shape.rows, 4, () => {
      // A label that is no class, such as a negative one, has no weight to read.
      f.if(i32.ltU(label, shape.classes), () => {
        f.set(total, f64.add(total, weightAt(f, i32.mul(label, 4))));
      });
    });
    f.set(share, f64.div(1, total));
    return share;
  }
  const count = f.i32();
  f.loopAtLeastOnce(row, 0, 4 * shape.rows, 4, () => {
    f.set(count, i32.add(count, i32.geS(label, 0)));
  });
  f.set(share, f64.div(1, f64.convertI32S(count)));
  return share;
}
