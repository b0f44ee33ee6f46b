/** DO-Conv's kernel composition and its gradients: small sums, one invocation each. */
import type { GraphNode } from "../../../graph/types.ts";
import { type ComposeKernelGeometry, composeKernelGeometry } from "../../../ops/compose_kernel.ts";
import { type Accessor, type KernelFamily, type Lowering, POOLED_BYTES } from "../kernel.ts";

/** WGSL expression of the channel of `D` that row `row` (a u32 in scope) meets. */
function channelOfRow(geometry: ComposeKernelGeometry): string {
  const { groups, groupIn, inChannels, outChannels, pairing } = geometry;
  return pairing === "authors"
    ? `row % ${inChannels}u`
    : `row / ${groupIn * (outChannels / groups)}u * ${groupIn}u + row % ${groupIn}u`;
}

/** WGSL expression of element (`m`, `s`) of the constant that `D` is stored without. */
function identity({ area, depthMultiplier }: ComposeKernelGeometry): string {
  const whole = Math.floor(depthMultiplier / area) * area;
  return `select(0.0f, 1.0f, s % ${area}u == m && s < ${whole}u)`;
}

/** One invocation for each of `elements` sums, which `sum` computes. */
function addPhase(
  name: string,
  geometry: ComposeKernelGeometry,
  elements: number,
  { inputs: [a, b], outputs: [result] }: GraphNode,
  sum: (a: Accessor, b: Accessor) => string,
  lowering: Lowering,
): void {
  const { outChannels, groupIn, area, depthMultiplier } = geometry;
  lowering.eachItem({
    name,
    operands: { ...lowering.reads("f32", { a, b }), ...lowering.writes("f32", { result }) },
    items: elements,
    small: elements <= POOLED_BYTES / 4,
    flops: 2 * outChannels * groupIn * area * depthMultiplier,
    main: ({ a, b, result }) => `var sum = 0.0f;\n${sum(a, b)}\n${result.set("i", "sum")}`,
  });
}

function lower(node: GraphNode, lowering: Lowering): void {
  const { op, inputs: [a, b], outputs, attributes } = node;
  const w = { composeKernel: a, composeKernelWGradient: outputs[0], composeKernelDGradient: b }[
    op.name
  ]!;
  const geometry = composeKernelGeometry(w.shape, attributes);
  const { area, depthMultiplier, outChannels, groupIn, inChannels, groups, pairing } = geometry;
  const rows = outChannels * groupIn;
  switch (op.name) {
    case "composeKernel":
      return addPhase(op.name, geometry, rows * area, node, (w, d) => `
let m = i % ${area}u;
let row = i / ${area}u;
let channel = ${channelOfRow(geometry)};
for (var s = 0u; s < ${depthMultiplier}u; s++) {
  sum += (${d.at(`(channel * ${area}u + m) * ${depthMultiplier}u + s`)} + ${identity(geometry)}) *
    ${w.at(`row * ${depthMultiplier}u + s`)};
}`, lowering);
    case "composeKernelWGradient":
      return addPhase(op.name, geometry, rows * depthMultiplier, node, (dKernel, d) => `
let s = i % ${depthMultiplier}u;
let row = i / ${depthMultiplier}u;
let channel = ${channelOfRow(geometry)};
for (var m = 0u; m < ${area}u; m++) {
  sum += (${d.at(`(channel * ${area}u + m) * ${depthMultiplier}u + s`)} + ${identity(geometry)}) *
    ${dKernel.at(`row * ${area}u + m`)};
}`, lowering);
    default: {
      // The rows that meet a channel of D: one in every so many, from a first one on.
      const [first, step, count] = pairing === "authors"
        ? ["channel", inChannels, rows / inChannels]
        : [
          `channel / ${groupIn}u * ${outChannels / groups * groupIn}u + channel % ${groupIn}u`,
          groupIn,
          outChannels / groups,
        ];
      return addPhase(
        op.name,
        geometry,
        inChannels * area * depthMultiplier,
        node,
        (dKernel, w) => `
let s = i % ${depthMultiplier}u;
let m = i / ${depthMultiplier}u % ${area}u;
let channel = i / ${depthMultiplier * area}u;
for (var o = 0u; o < ${count}u; o++) {
  let row = ${first} + o * ${step}u;
  sum += ${dKernel.at(`row * ${area}u + m`)} * ${w.at(`row * ${depthMultiplier}u + s`)};
}`,
        lowering,
      );
    }
  }
}

/** Kernel composition and its gradients. */
export const composeKernel: KernelFamily = {
  ops: ["composeKernel", "composeKernelWGradient", "composeKernelDGradient"],
  pooled: true,
  lower,
};
