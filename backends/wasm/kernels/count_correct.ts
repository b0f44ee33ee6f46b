/** How many samples are classified correctly. */
import { type Expression, f32, f64, i32, type Local } from "../../../assembler/mod.ts";
import type { CountCorrectAttributes } from "../../../ops/count_correct.ts";
import type { KernelFamily, KernelFunction } from "../kernel.ts";
import { forEachColumn, forEachRow, type Row } from "./rows.ts";

/** `countCorrect`: each thread counts its rows, the first adds the counts. */
export const countCorrect: KernelFamily = {
  ops: ["countCorrect"],
  lower({ inputs: [logits, labels], outputs: [output], attributes }, lowering) {
    const { shape } = logits;
    const { k }: CountCorrectAttributes = attributes;
    const counts = lowering.threadScratch(4);
    lowering.launch({
      kernel: `countCorrect ${shape}${k === 1 ? "" : ` top ${k}`}`,
      build: (f) => {
        const { thread } = f.parameters;
        const correct = f.i32();
        if (k === 1) countLargest(f, shape[1], correct);
        else countRanks(f, shape[1], correct, k);
        f.emit(i32.store(i32.add(f.parameters.counts, i32.mul(thread, counts.stride)), correct));
      },
      args: {
        logits: lowering.ref(logits, shape),
        labels: lowering.ref(labels, [shape[0]]),
        counts: counts.ref,
      },
      writes: ["counts"],
      items: shape[0],
      detail: "counts",
    });
    lowering.launch({
      kernel: "countCorrect total",
      build: (f) => {
        const total = f.i32();
        for (let t = 0; t < lowering.threads; t++) {
          f.increment(total, i32.load(f.parameters.counts, t * counts.stride));
        }
        f.emit(f32.store(f.parameters.y, f32.convertI32S(total)));
      },
      args: { counts: counts.ref, y: lowering.ref(output, []) },
      writes: ["y"],
      detail: "total",
    });
  },
};

/** Counts the rows whose largest element, the first of equals, is the label's. */
function countLargest(f: KernelFunction<string>, classes: number, correct: Local<"i32">): void {
  const best = f.i32(), most = f.f64(), value = f.f64();
  forEachRow(f, classes, (row) => {
    f.set(best, 0);
    f.set(most, row.load("logits", 0));
    forEachColumn(f, classes, (column) => {
      f.set(value, row.load("logits", column));
      f.if(f64.gt(value, most), () => {
        f.set(most, value);
        f.set(best, i32.shrU(column, 2));
      });
    });
    f.set(correct, i32.add(correct, i32.eq(best, labelOf(f, row))));
  });
}

/** Counts the rows in which fewer than `k` elements exceed the label's. */
function countRanks(
  f: KernelFunction<string>,
  classes: number,
  correct: Local<"i32">,
  k: number,
): void {
  const label = f.i32(), rank = f.i32(), own = f.f64();
  forEachRow(f, classes, (row) => {
    f.set(label, labelOf(f, row));
    // A label that is negative or no class counts nothing; reading there would leave the row.
    f.if(i32.ltU(label, classes), () => {
      f.set(rank, 0);
      f.set(own, row.load("logits", i32.mul(label, 4)));
      forEachColumn(f, classes, (column) => {
        f.set(rank, i32.add(rank, i32.eqz(f64.le(row.load("logits", column), own))));
      });
      f.set(correct, i32.add(correct, i32.ltS(rank, k)));
    });
  });
}

function labelOf(f: KernelFunction<string>, row: Row): Expression<"i32"> {
  return i32.load(i32.add(f.parameters.labels, i32.mul(row.index, 4)));
}
