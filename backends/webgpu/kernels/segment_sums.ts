/** `segmentSumSquares`: workgroups sum pieces of the segments, then the pieces of each segment. */
import type { GraphNode } from "../../../graph/types.ts";
import type { SegmentSumSquaresAttributes } from "../../../ops/segment_sum_squares.ts";
import type { KernelFamily, Lowering, Ref } from "../kernel.ts";
import { combineThreads } from "./reduce.ts";
import wgsl from "./segment_sums.wgsl" with { type: "text" };

/** Invocations per workgroup. Measure: `deno task kernel segmentSumSquares --backend webgpu`. */
const GROUP = 256;
/** Elements per piece. */
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
  addDispatch("segmentSumSquares", true, pieces, lowering.ref(input), sums, lowering);
  addDispatch("segmentSumSquares pieces", false, ranges, sums, lowering.ref(output), lowering);
}

/** One workgroup per range, given by two `bounds`: the first element and the one after the last. */
function addDispatch(
  name: string,
  squares: boolean,
  bounds: readonly number[],
  source: Ref,
  result: Ref,
  lowering: Lowering,
): void {
  lowering.dispatch({
    name,
    reads: { f32: { source }, i32: { bounds: lowering.table(Int32Array.from(bounds)) } },
    writes: { f32: { result } },
    workgroupSize: GROUP,
    workgroups: [bounds.length / 2, 1, 1],
    constants: { SQUARES: squares },
    wgsl: `${combineThreads("total", "f32")}\n${wgsl}`,
  });
}

/** Norms of segments. */
export const segmentSums: KernelFamily = { ops: ["segmentSumSquares"], lower };
