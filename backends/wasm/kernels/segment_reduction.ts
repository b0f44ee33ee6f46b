/** `segmentSumSquares`: the threads sum pieces of the segments, then each segment's pieces. */
import type { SegmentSumSquaresAttributes } from "../../../ops/segment_sum_squares.ts";
import { f32, f64, i32, type Target } from "../../../assembler/mod.ts";
import type { KernelFamily, KernelFunction } from "../kernel.ts";
import { CHUNK, reduceRange, SUM_SQUARES } from "./scalar_reduction.ts";

/** Minimum segments per thread, so that threads write separate cache lines. */
const GRAIN = 16;

export const segmentReduction: KernelFamily = {
  ops: ["segmentSumSquares"],
  lower({ inputs: [input], outputs: [output], attributes }, lowering) {
    const { segments }: SegmentSumSquaresAttributes = attributes;
    if (segments.length === 0) return;
    // The partition of the pieces changes no bit.
    const pieces: number[] = [], firsts = [0];
    for (const { offset, size } of segments) {
      for (let at = 0; at < size; at += CHUNK) {
        pieces.push(4 * (offset + at), Math.min(CHUNK, size - at));
      }
      firsts.push(pieces.length / 2);
    }
    const count = pieces.length / 2;
    const sums = lowering.scratch(8 * count);
    lowering.launch({
      kernel: "segmentSumSquares pieces",
      build: (f) => writePieces(f, lowering.target),
      args: {
        x: lowering.ref(input, input.shape),
        pieces: lowering.table(Int32Array.from(pieces)),
        sums,
      },
      writes: ["sums"],
      items: count,
      detail: "pieces",
      flops: 2 * segments.reduce((sum, { size }) => sum + size, 0),
    });
    lowering.launch({
      kernel: "segmentSumSquares totals",
      build: writeTotals,
      args: {
        sums,
        firsts: lowering.table(Int32Array.from(firsts)),
        y: lowering.ref(output, [segments.length]),
      },
      writes: ["y"],
      items: segments.length,
      grain: GRAIN,
      detail: "totals",
    });
  },
};

/** An item is a piece: where it begins, in bytes, and how many elements it has. */
function writePieces(f: KernelFunction<"x" | "pieces" | "sums">, target: Target): void {
  const { x, pieces, sums, first, end } = f.parameters;
  const total = f.f64(), element = f.i32(), chunkEnd = f.i32(), cursor = f.i32();
  const piece = f.i32(), row = f.i32(), size = f.i32();
  f.loop(piece, first, end, 1, () => {
    f.set(row, i32.add(pieces, i32.mul(piece, 8)));
    f.set(cursor, i32.add(x, i32.load(row)));
    f.set(size, i32.load(row, 4));
    f.set(total, 0);
    reduceRange(f, target, SUM_SQUARES, { total, element, chunkEnd, cursor, first: 0, end: size });
    f.emit(f64.store(i32.add(sums, i32.mul(piece, 8)), total));
  });
}

/** An item is a segment, the pieces from its own first one to the next segment's. */
function writeTotals(f: KernelFunction<"sums" | "firsts" | "y">): void {
  const { sums, firsts, y, first, end } = f.parameters;
  const segment = f.i32(), row = f.i32(), piece = f.i32(), total = f.f64();
  f.loop(segment, first, end, 1, () => {
    f.set(row, i32.add(firsts, i32.mul(segment, 4)));
    f.set(total, 0);
    f.loop(piece, i32.load(row), i32.load(row, 4), 1, () => {
      f.set(total, f64.add(total, f64.load(i32.add(sums, i32.mul(piece, 8)))));
    });
    f.emit(f32.store(i32.add(y, i32.mul(segment, 4)), f32.demoteF64(total)));
  });
}
