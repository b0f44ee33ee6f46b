/** `segmentSumSquares`: workgroups sum pieces of the segments, then each segment's pieces. */
import type { GraphNode } from "../../../graph/types.ts";
import type { SegmentSumSquaresAttributes } from "../../../ops/segment_sum_squares.ts";
import type { KernelFamily, Lowering, Ref } from "../kernel.ts";
import { combineThreads } from "./reduce.ts";

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
  addPhase("segmentSumSquares", "x * x", pieces, lowering.ref(input), sums, lowering);
  addPhase("segmentSumSquares pieces", "x", ranges, sums, lowering.ref(output), lowering);
}

/** A workgroup for each range, which is two of `bounds`: the first element and that after the last. */
function addPhase(
  name: string,
  term: string,
  bounds: readonly number[],
  source: Ref,
  result: Ref,
  lowering: Lowering,
): void {
  lowering.phase({
    name,
    operands: {
      ...lowering.reads("f32", { source }),
      ...lowering.reads("i32", { bounds: lowering.table(Int32Array.from(bounds)) }),
      ...lowering.writes("f32", { result }),
    },
    workgroupSize: GROUP,
    workgroups: [bounds.length / 2, 1, 1],
    code: ({ source, bounds, result }) => {
      const { globals, statements } = combineThreads("total", "f32", GROUP);
      return {
        globals,
        main: `
let end = u32(${bounds.at("2u * group.x + 1u")});
var total = 0.0;
for (var i = u32(${bounds.at("2u * group.x")}) + thread; i < end; i += ${GROUP}u) {
  let x = ${source.at("i")};
  total += ${term};
}
${statements}
if (thread == 0u) { ${result.set("group.x", "total")} }`,
      };
    },
  });
}

/** Norms of segments. */
export const segmentSums: KernelFamily = { ops: ["segmentSumSquares"], lower };
