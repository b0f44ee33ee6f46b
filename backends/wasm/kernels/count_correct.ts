/** How many samples are classified correctly. */
import { f32, f64, i32 } from "../assembler/mod.ts";
import type { KernelFamily } from "../kernel.ts";
import { forEachColumn, forEachRow } from "./rows.ts";

/** `countCorrect`: each thread counts its rows, the first adds the counts. */
export const countCorrect: KernelFamily = {
  ops: ["countCorrect"],
  lower({ inputs: [logits, labels], outputs: [output] }, lowering) {
    const { shape } = logits;
    const counts = lowering.threadScratch(4);
    const count = lowering.kernel(
      `countCorrect ${shape}`,
      ["logits", "labels", "counts"],
      (f) => {
        const { labels, thread } = f.parameters;
        const correct = f.i32(), best = f.i32(), most = f.f64(), value = f.f64();
        forEachRow(f, shape[1], (row) => {
          f.set(best, 0);
          f.set(most, row.load("logits", 0));
          forEachColumn(f, shape[1], (column) => {
            f.set(value, row.load("logits", column));
            f.if(f64.gt(value, most), () => {
              f.set(most, value);
              f.set(best, i32.shrU(column, 2));
            });
          });
          const label = i32.load(i32.add(labels, i32.mul(row.index, 4)));
          f.set(correct, i32.add(correct, i32.eq(best, label)));
        });
        f.emit(i32.store(i32.add(f.parameters.counts, i32.mul(thread, counts.stride)), correct));
      },
    );
    lowering.phase({
      kernel: count,
      args: { logits: lowering.ref(logits), labels: lowering.ref(labels), counts: counts.ref },
      writes: ["counts"],
      items: shape[0],
      detail: "counts",
    });
    lowering.phase({
      kernel: lowering.kernel("countCorrect total", ["counts", "y"], (f) => {
        const total = f.i32();
        for (let t = 0; t < lowering.threads; t++) {
          f.increment(total, i32.load(f.parameters.counts, t * counts.stride));
        }
        f.emit(f32.store(f.parameters.y, f32.convertI32S(total)));
      }),
      args: { counts: counts.ref, y: lowering.ref(output) },
      writes: ["y"],
      detail: "total",
    });
  },
};
