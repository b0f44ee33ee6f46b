/** DO-Conv's kernel composition and its gradients: one invocation per result. */
import type { GraphNode } from "../../../graph/types.ts";
import { composeKernelGeometry } from "../../../ops/compose_kernel.ts";
import { type KernelFamily, type Lowering, POOLED_BYTES } from "../kernel.ts";

function lower(node: GraphNode, lowering: Lowering): void {
  const { op: { name }, inputs: [a, b], outputs: [result], attributes } = node;
  const w = { composeKernel: a, composeKernelWGradient: result, composeKernelDGradient: b }[name]!;
  const geometry = composeKernelGeometry(w.shape, attributes);
  const { area, depthMultiplier, outChannels, groupIn, inChannels, groups, pairing } = geometry;
  const rows = outChannels * groupIn;
  const [sums, elements] = {
    composeKernel: [KERNEL, rows * area] as const,
    composeKernelWGradient: [W_GRADIENT, rows * depthMultiplier] as const,
    composeKernelDGradient: [D_GRADIENT, inChannels * area * depthMultiplier] as const,
  }[name]!;
  lowering.eachItem({
    name,
    reads: { f32: { a, b } },
    writes: { f32: { result } },
    items: elements,
    small: elements <= POOLED_BYTES / 4,
    flops: 2 * outChannels * groupIn * area * depthMultiplier,
    constants: {
      AREA: area,
      DEPTH: depthMultiplier,
      WHOLE_DEPTH: Math.floor(depthMultiplier / area) * area,
      CHANNELS: inChannels,
      GROUP_IN: groupIn,
      GROUP_OUT: outChannels / groups,
      ROWS_OF_CHANNEL: rows / inChannels,
    },
    wgsl: `${pairing === "authors" ? AUTHORS_PAIRING : GROUP_PAIRING}\n${DEPTHWISE}\n${sums}`,
  });
}

/** The channel of `D` that row `row` of `W` is composed with, and back, in the authors' order. */
const AUTHORS_PAIRING = `
fn channelOf(row: u32) -> u32 { return row % CHANNELS; }
fn rowOf(channel: u32, o: u32) -> u32 { return channel + o * CHANNELS; }`;

/** The same where rows are composed with the channels of their group. */
const GROUP_PAIRING = `
fn channelOf(row: u32) -> u32 {
  return row / (GROUP_IN * GROUP_OUT) * GROUP_IN + row % GROUP_IN;
}
fn rowOf(channel: u32, o: u32) -> u32 {
  return channel / GROUP_IN * (GROUP_OUT * GROUP_IN) + channel % GROUP_IN + o * GROUP_IN;
}`;

/** D is stored without the constant that is added to it: the identity, repeated along the depth. */
const DEPTHWISE = `
fn depthwise(stored: f32, m: u32, s: u32) -> f32 {
  return stored + select(0.0f, 1.0f, s % AREA == m && s < WHOLE_DEPTH);
}`;

/** `a` is W, `b` is D. */
const KERNEL = `
fn item(i: u32) {
  let m = i % AREA;
  let row = i / AREA;
  let channel = channelOf(row);
  var sum = 0.0f;
  for (var s = 0u; s < DEPTH; s++) {
    sum += depthwise(b((channel * AREA + m) * DEPTH + s), m, s) * a(row * DEPTH + s);
  }
  storeResult(i, sum);
}`;

/** `a` is the kernel's gradient, `b` is D. */
const W_GRADIENT = `
fn item(i: u32) {
  let s = i % DEPTH;
  let row = i / DEPTH;
  let channel = channelOf(row);
  var sum = 0.0f;
  for (var m = 0u; m < AREA; m++) {
    sum += depthwise(b((channel * AREA + m) * DEPTH + s), m, s) * a(row * AREA + m);
  }
  storeResult(i, sum);
}`;

/** `a` is the kernel's gradient, `b` is W. */
const D_GRADIENT = `
fn item(i: u32) {
  let s = i % DEPTH;
  let m = i / DEPTH % AREA;
  let channel = i / (DEPTH * AREA);
  var sum = 0.0f;
  for (var o = 0u; o < ROWS_OF_CHANNEL; o++) {
    let row = rowOf(channel, o);
    sum += a(row * AREA + m) * b(row * DEPTH + s);
  }
  storeResult(i, sum);
}`;

/** Kernel composition and its gradients. */
export const composeKernel: KernelFamily = {
  ops: ["composeKernel", "composeKernelWGradient", "composeKernelDGradient"],
  pooled: true,
  lower,
};
