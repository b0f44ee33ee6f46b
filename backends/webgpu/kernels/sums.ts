/** Reductions of all elements to one number. */
import type { GraphNode } from "../../../graph/types.ts";
import { type KernelFamily, type Lowering, type Ref } from "../kernel.ts";
import { combineThreads } from "./reduce.ts";
import wgsl from "./sums.wgsl" with { type: "text" };

/** Invocations of a workgroup. */
const GROUP = 256;
/** Elements an invocation takes before further workgroups are worth a second dispatch. */
const ELEMENTS_EACH = 32;

/**
 * What is reduced: WGSL of the number an element `x: f32` contributes and of two numbers `a` and `b`
 * combined. Numbers are of type `type`, kept as u32 bits between dispatches.
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
  const x = lowering.ref(node.inputs[0]);
  const result = lowering.ref(node.outputs[0]);
  const parts = Math.min(GROUP, Math.ceil(elements / (GROUP * ELEMENTS_EACH)));
  if (parts === 1) {
    addDispatch(node.op.name, reduction, { source: x, elements, result, parts }, lowering);
    return;
  }
  const partial = lowering.scratch(4 * parts, "partial results");
  addDispatch(node.op.name, reduction, { source: x, elements, result: partial, parts }, lowering);
  addDispatch(
    `${node.op.name} parts`,
    { ...reduction, contribution: reduction.type === "f32" ? "x" : "bitcast<u32>(x)" },
    { source: partial, elements: parts, result, parts: 1 },
    lowering,
  );
}

/** One number for each of `parts` workgroups. */
function addDispatch(
  name: string,
  { type, contribution, combine }: Reduction,
  { source, elements, result, parts }: {
    source: Ref;
    elements: number;
    result: Ref;
    parts: number;
  },
  lowering: Lowering,
): void {
  lowering.dispatch({
    name,
    operands: { ...lowering.reads("f32", { source }), ...lowering.writes("f32", { result }) },
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
