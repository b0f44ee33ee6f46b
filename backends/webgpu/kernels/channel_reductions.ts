/** Sums, moments and the gradients of a normalization by channel. */
import type { GraphNode } from "../../../graph/types.ts";
import type { Order } from "../../layout.ts";
import type { KernelFamily, Lowering } from "../kernel.ts";
import { float } from "../wgsl.ts";
import momentsState from "./channel_moments_state.wgsl" with { type: "text" };
import momentsPixels from "./channel_moments_pixels.wgsl" with { type: "text" };
import normalizeResults from "./channel_normalize_results.wgsl" with { type: "text" };
import { reduceChannels } from "./channel_reduction.ts";

function lowerSum(node: GraphNode, lowering: Lowering): void {
  const x = lowering.ref(node.inputs[0]);
  reduceChannels(
    {
      name: "channelSum",
      pixelOperands: { x },
      channelOperands: {},
      outputs: { sum: lowering.ref(node.outputs[0]) },
      fields: ["sum"],
      state: `
struct State { sum: T, count: f32 }
fn combine(a: State, b: State) -> State { return State(a.sum + b.sum, a.count + b.count); }`,
      results: `
fn storeResults(lane: u32, state: State) { storeSumOf(lane * WIDTH, state.sum); }`,
      pixels: `
fn begin(lane: u32, pixel: u32) -> u32 { return 0; }
fn add(state: State, base: u32, lane: u32, pixel: u32) -> State {
  return State(state.sum + x(pixel * LANES + lane), state.count + 1.0f);
}
fn finish(state: State, base: u32) -> State { return state; }`,
    },
    lowering.layout(node.inputs[0]),
    lowering,
  );
}

/**
 * Means and sums of squared deviations, which are combined without cancellation (Chan, Golub and
 * LeVeque, 1979). Means are relative to the tensor's first pixel, and sums to the invocation's
 * first, so that neither a mean far from zero nor an unusual first pixel costs digits.
 */
function lowerMoments(node: GraphNode, lowering: Lowering): void {
  const [mean, variance] = node.outputs.map((value) => lowering.ref(value));
  reduceChannels(
    {
      name: "channelMoments",
      pixelOperands: { x: lowering.ref(node.inputs[0]) },
      channelOperands: {},
      outputs: { mean, variance },
      fields: ["mean", "deviation"],
      origin: "x",
      state: momentsState,
      results: `
fn storeResults(lane: u32, state: State) {
  storeMeanOf(lane * WIDTH, x(lane) + state.mean);
  storeVarianceOf(lane * WIDTH, state.deviation / state.count);
}`,
      pixels: momentsPixels,
    },
    lowering.layout(node.inputs[0]),
    lowering,
  );
}

function lowerNormalizeReduce(node: GraphNode, lowering: Lowering): void {
  const [dy, x, mean, variance, weight] = node.inputs.map((value) => lowering.ref(value));
  const [dWeight, dBias, dMean, dVariance] = node.outputs.map((value) => lowering.ref(value));
  reduceChannels(
    {
      name: "channelNormalizeReduce",
      pixelOperands: { dy, x },
      channelOperands: { mean, variance, weight },
      outputs: { dWeight, dBias, dMean, dVariance },
      fields: ["sum", "product"],
      constants: { EPS: float(node.attributes.eps), HAS_WEIGHT: weight !== undefined },
      state: `
struct State { sum: T, product: T, count: f32 }
fn combine(a: State, b: State) -> State {
  return State(a.sum + b.sum, a.product + b.product, a.count + b.count);
}`,
      results: normalizeResults,
      pixels: `
fn begin(lane: u32, pixel: u32) -> T { return meanOf(lane * WIDTH); }
fn add(state: State, mean: T, lane: u32, pixel: u32) -> State {
  let gradient = dy(pixel * LANES + lane);
  let product = gradient * (x(pixel * LANES + lane) - mean);
  return State(state.sum + gradient, state.product + product, state.count + 1.0f);
}
fn finish(state: State, mean: T) -> State { return state; }`,
    },
    lowering.layout(node.inputs[0]),
    lowering,
  );
}

/** A family that reduces its first inputs; the others have one number per channel. */
function family(op: string, pixelOperands: number, lower: KernelFamily["lower"]): KernelFamily {
  return {
    ops: [op],
    pooled: true,
    orders: ({ inputs, outputs }) => {
      const order: Order = inputs[0].shape.length > 2 ? "channelsLast" : "plain";
      return {
        inputs: inputs.map((_, i) => i < pixelOperands ? order : "plain"),
        outputs: outputs.map(() => "plain"),
      };
    },
    lower,
  };
}

/** Sums over all dimensions but the channel, moments, and the gradients of a normalization. */
export const channelReductions: readonly KernelFamily[] = [
  family("channelSum", 1, lowerSum),
  family("channelMoments", 1, lowerMoments),
  family("channelNormalizeReduce", 2, lowerNormalizeReduce),
];
