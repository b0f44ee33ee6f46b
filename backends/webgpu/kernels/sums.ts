/** Reductions of all elements to one number. */
import type { GraphNode } from "../../../graph/types.ts";
import { type KernelFamily, type Lowering, type Ref } from "../kernel.ts";
import { combineThreads } from "./reduce.ts";
import wgsl from "./sums.wgsl" with { type: "text" };

/** Invocations per workgroup. Measure both with `deno task kernel sum --backend webgpu`. */
const GROUP = 256;
/** Elements per invocation before more workgroups and a second dispatch pay. */
const ELEMENTS_EACH = 32;

/**
 * A reduction: WGSL of the number that an element `x: f32` contributes, and of two numbers `a` and
 * `b` combined. Numbers are of type `type`, stored as their bits between dispatches.
 */
interface Reduction {
  readonly type: "f32" | "u32";
  readonly contribution: string;
  readonly combine: string;
}

const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  sum: { type: "f32", contribution: "x", combine: "a + b" },
  sumSquares: { type: "f32", contribution: "x * x", combine: "a + b" },
  sumMagnitudes: { type: "f32", contribution: "abs(x)", combine: "a + b" },
  // Magnitudes compare as their bits do, and the bits of NaN are above all others.
  maximumMagnitude: {
    type: "u32",
    contribution: "bitcast<u32>(x) & 0x7fffffffu",
    combine: "max(a, b)",
  },
};

function lower(node: GraphNode, lowering: Lowering): void {
  const reduction = REDUCTIONS[node.op.name];
  const { elements } = lowering.layout(node.inputs[0]);
  const source = lowering.ref(node.inputs[0]), result = lowering.ref(node.outputs[0]);
  const parts = Math.min(GROUP, Math.ceil(elements / (GROUP * ELEMENTS_EACH)));
  if (parts === 1) {
    return addDispatch(node.op.name, reduction, source, elements, result, 1, lowering);
  }
  const partial = lowering.scratch(4 * parts, "partial results");
  addDispatch(node.op.name, reduction, source, elements, partial, parts, lowering);
  const contribution = reduction.type === "f32" ? "x" : "bitcast<u32>(x)";
  const ofParts = { ...reduction, contribution };
  addDispatch(`${node.op.name} parts`, ofParts, partial, parts, result, 1, lowering);
}

/** Adds a dispatch that computes one number for each of `parts` workgroups. */
function addDispatch(
  name: string,
  { type, contribution, combine }: Reduction,
  source: Ref,
  elements: number,
  result: Ref,
  parts: number,
  lowering: Lowering,
): void {
  lowering.dispatch({
    name,
    reads: { f32: { source } },
    writes: { f32: { result } },
    workgroupSize: GROUP,
    workgroups: [parts, 1, 1],
    constants: { ELEMENTS: elements },
    wgsl: [
      `alias Number = ${type};`,
      `fn contribution(x: f32) -> Number { return ${contribution}; }`,
      `fn combine(a: Number, b: Number) -> Number { return ${combine}; }`,
      combineThreads("total", "Number", { combine: "combine(a, b)" }),
      wgsl,
    ].join("\n"),
  });
}

/** Sums and norms. */
export const sums: KernelFamily = { ops: Object.keys(REDUCTIONS), lower };
