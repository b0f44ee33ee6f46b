/** Reductions of a whole tensor to one number: sums and the largest magnitude. */
import { sizeOf } from "../../../graph/types.ts";
import {
  f32,
  f64,
  i32,
  type Local,
  type Operand,
  type Target,
  v128,
  type Wide,
  type WideLocal,
  WideVectors,
} from "../../../assembler/mod.ts";
import type { KernelFamily, KernelFunction } from "../kernel.ts";

/** Elements summed in f32 before they join the f64 sum. */
export const CHUNK = 2048;
/**
 * Independent f32 sums, the same for every target, whose width therefore changes no bit. Bench:
 * `deno task kernel sumSquares --shape 4194304`.
 */
const LANES = 32;

export interface Reduction {
  term(v: WideVectors, x: WideLocal): Wide;
  /** Whether terms are compared instead of added. */
  readonly maximum?: boolean;
}

export const SUM_SQUARES: Reduction = { term: (v, x) => v.mul(x, x) };

const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  sum: { term: (_v, x) => x },
  sumMagnitudes: { term: (v, x) => v.abs(x) },
  sumSquares: SUM_SQUARES,
  maximumMagnitude: { term: (v, x) => v.abs(x), maximum: true },
};

/** `sum`, `sumMagnitudes`, `sumSquares` and `maximumMagnitude`. */
export const scalarReduction: KernelFamily = {
  ops: Object.keys(REDUCTIONS),
  lower({ op, inputs: [input], outputs: [output] }, lowering) {
    const size = sizeOf(input.shape);
    const reduction = REDUCTIONS[op.name];
    const partial = lowering.threadScratch(8);
    lowering.launch({
      kernel: `${op.name} parts`,
      build: (f) => writeParts(f, lowering.target, reduction, partial.stride),
      args: { x: lowering.ref(input, input.shape), partial: partial.ref },
      writes: ["partial"],
      items: size,
      grain: CHUNK,
      detail: "parts",
      flops: size,
    });
    lowering.launch({
      kernel: `${reduction.maximum ? "largest" : "total"} part`,
      build: (f) => {
        const total = f.f64();
        for (let t = 0; t < lowering.threads; t++) {
          const part = f64.load(f.parameters.partial, t * partial.stride);
          f.set(total, reduction.maximum ? f64.max(total, part) : f64.add(total, part));
        }
        f.emit(f32.store(f.parameters.y, f32.demoteF64(total)));
      },
      args: { partial: partial.ref, y: lowering.ref(output, []) },
      writes: ["y"],
      detail: "result",
    });
  },
};

/** Writes the launch in which each thread reduces its part to one f64. */
function writeParts(
  f: KernelFunction<"x" | "partial">,
  target: Target,
  reduction: Reduction,
  stride: number,
): void {
  const { x, partial, thread, first, end } = f.parameters;
  const total = f.f64(), element = f.i32(), chunkEnd = f.i32(), cursor = f.i32();
  f.set(cursor, i32.add(x, i32.mul(first, 4)));
  reduceRange(f, target, reduction, { total, element, chunkEnd, cursor, first, end });
  f.emit(f64.store(i32.add(partial, i32.mul(thread, stride)), total));
}

export interface ReducedRange {
  /** The accumulator, whose value the range is added to. */
  readonly total: Local<"f64">;
  /** Address of the first element; afterwards that after the last one. */
  readonly cursor: Local<"i32">;
  readonly element: Local<"i32">;
  readonly chunkEnd: Local<"i32">;
  /** The first element's number, and the last one's plus one. */
  readonly first: Operand<"i32">;
  readonly end: Operand<"i32">;
}

/** Writes the reduction of consecutive elements. */
export function reduceRange(
  f: KernelFunction<never>,
  target: Target,
  { term, maximum }: Reduction,
  { total, cursor, element, chunkEnd, first, end }: ReducedRange,
): void {
  const join = (value: Parameters<typeof f64.promoteF32>[0]) => {
    const part = f64.promoteF32(value);
    f.set(total, maximum ? f64.max(total, part) : f64.add(total, part));
  };
  const wide = new WideVectors(f, target);
  const totals = wide.locals(LANES / wide.lanes), value = wide.local();
  const combine = (a: WideLocal, b: Wide): Wide => maximum ? wide.max(a, b) : wide.add(a, b);
  const wholeEnd: Local<"i32"> = f.i32();
  f.set(wholeEnd, i32.sub(end, i32.remU(i32.sub(end, first), LANES)));
  f.set(element, first);
  f.while(i32.ltU(element, wholeEnd), () => {
    for (const local of totals) wide.set(local, wide.zero());
    f.set(chunkEnd, i32.add(element, CHUNK));
    f.if(i32.gtU(chunkEnd, wholeEnd), () => f.set(chunkEnd, wholeEnd));
    f.loopAtLeastOnce(element, element, chunkEnd, LANES, () => {
      totals.forEach((local, i) => {
        wide.set(value, wide.load(cursor, i * wide.bytes));
        wide.set(local, combine(local, term(wide, value)));
      });
      f.increment(cursor, 4 * LANES);
    });
    for (let half = totals.length / 2; half >= 1; half /= 2) {
      for (let i = 0; i < half; i++) wide.set(totals[i], combine(totals[i], totals[i + half]));
    }
    join(maximum ? wide.maxLane(totals[0]) : wide.sumLanes(totals[0]));
  });

  const narrow = new WideVectors(f, { ...target, wide: 1 });
  const single = narrow.local();
  f.loop(element, element, end, 1, () => {
    narrow.set(single, { halves: [v128.load32Zero(cursor)] });
    narrow.set(single, term(narrow, single));
    // The other lanes hold zeros, which change neither a sum nor the largest magnitude.
    join(narrow.sumLanes(single));
    f.increment(cursor, 4);
  });
}
