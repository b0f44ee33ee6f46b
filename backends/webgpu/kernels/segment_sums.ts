/** `segmentSumSquares`: workgroups sum pieces of the segments, then each segment's pieces. */
import type { GraphNode } from "../../../graph/types.ts";
import type { SegmentSumSquaresAttributes } from "../../../ops/segment_sum_squares.ts";
import type { KernelFamily, Lowering, Ref } from "../kernel.ts";
import { combineThreads } from "./reduce.ts";
import wgsl from "./segment_sums.wgsl" with { type: "text" };

/** Invocations of a workgroup. */
const GROUP = 256;
/** Elements of a piece. */
const PIECE = 32 * GROUP;

function lower({ inputs: [input], outputs: [output], attributes }: GraphNode, lowering: Lowering) {
  const { segments }: SegmentSumSquaresAttributes = attributes;
  if (segments.length === 0) return;
  const pieces: number[] = [], ranges: number[] = [];
  for (const { offset, size } of segments) {
    ranges.push(pieces.length / 2);
    for (let at = 0; at < size; at += PIECE) {
      pieces.push(offset + at, offset + Math.min(size, at + PIECE));
    }
    ranges.push(pieces.length / 2);
  }
  const sums = lowering.scratch(2 * pieces.length, "sums of pieces");
  addDispatch("segmentSumSquares", SQUARE, pieces, lowering.ref(input), sums, lowering);
  addDispatch("segmentSumSquares pieces", ITSELF, ranges, sums, lowering.ref(output), lowering);
}

const SQUARE = "fn termOf(x: f32) -> f32 { return x * x; }";
const ITSELF = "fn termOf(x: f32) -> f32 { return x; }";

/** A workgroup for each range, which is two of `bounds`: the first element and that after the last. */
function addDispatch(
  name: string,
  term: string,
  bounds: readonly number[],
  source: Ref,
  result: Ref,
  lowering: Lowering,
): void {
  lowering.dispatch({
    name,
    operands: {
      ...lowering.reads("f32", { source }),
      ...lowering.reads("i32", { bounds: lowering.table(Int32Array.from(bounds)) }),
      ...lowering.writes("f32", { result }),
    },
    workgroupSize: GROUP,
    workgroups: [bounds.length / 2, 1, 1],
    wgsl: [term, combineThreads("total", "f32"), wgsl].join("\n"),
  });
}

/** Norms of segments. */
export const segmentSums: KernelFamily = { ops: ["segmentSumSquares"], lower };
