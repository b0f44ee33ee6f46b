/** Sums, moments and the gradients of a normalisation by channel. */
import type { GraphNode } from "../../../graph/types.ts";
import type { Order } from "../../layout.ts";
import type { KernelFamily, Lowering } from "../kernel.ts";
import { float } from "../wgsl.ts";
import { type ChannelReduction, planGrid, reduceChannels } from "./channel_reduction.ts";

function lowerSum(node: GraphNode, lowering: Lowering): void {
  const x = lowering.ref(node.inputs[0]);
  run(node, {
    name: "channelSum",
    pixelOperands: { x },
    channelOperands: {},
    outputs: { sum: lowering.ref(node.outputs[0]) },
    fields: ["sum"],
    accumulate: "sum += x;",
    results: { sum: "total_sum" },
  }, lowering);
}

/**
 * Means and summed squared deviations, of which several sets are combined without cancellation (Chan,
 * Golub and LeVeque, 1979). Means are taken relative to the tensor's first pixel, and summed relative
 * to the invocation's own first one, so that neither a mean far from zero nor an odd first pixel
 * costs digits.
 */
function lowerMoments(node: GraphNode, lowering: Lowering): void {
  const [mean, variance] = node.outputs.map((value) => lowering.ref(value));
  run(node, {
    name: "channelMoments",
    pixelOperands: { x: lowering.ref(node.inputs[0]) },
    channelOperands: {},
    outputs: { mean, variance },
    fields: ["mean", "deviation"],
    origin: "x",
    begin: "let shift = x - origin;",
    accumulate: `
let difference = x - origin - shift;
mean += difference;
deviation += difference * difference;`,
    end: `
mean /= max(count, 1.0f);
deviation -= count * mean * mean;
// Rounding may leave it below zero; max would lose NaN.
deviation = select(deviation, T(), deviation < T());
mean += shift;`,
    combine: {
      mean: "a.mean + (b.mean - a.mean) * share",
      deviation: "a.deviation + b.deviation + " +
        "(b.mean - a.mean) * (b.mean - a.mean) * (a.count * share)",
    },
    results: { mean: "origin + total_mean", variance: "total_deviation / state.count" },
  }, lowering);
}

function lowerNormalizeReduce(node: GraphNode, lowering: Lowering): void {
  const [dy, x, mean, variance, weight] = node.inputs.map((value) => lowering.ref(value));
  const [dWeight, dBias, dMean, dVariance] = node.outputs.map((value) => lowering.ref(value));
  const root = `(1.0f / sqrt(variance + ${float(node.attributes.eps)}))`;
  const scaled = weight ? `(weight * ${root})` : root;
  run(node, {
    name: "channelNormalizeReduce",
    pixelOperands: { dy, x },
    channelOperands: { mean, variance, ...(weight ? { weight } : {}) },
    outputs: { dWeight, dBias, dMean, dVariance },
    fields: ["sum", "product"],
    accumulate: "sum += dy; product += dy * (x - mean);",
    results: {
      dWeight: `${root} * total_product`,
      dBias: "total_sum",
      dMean: `-${scaled} * total_sum`,
      dVariance: `-0.5f * ${scaled} * ${root} * ${root} * total_product`,
    },
  }, lowering);
}

function run(node: GraphNode, reduction: ChannelReduction, lowering: Lowering): void {
  const { batch, channels, paddedChannels, pixels } = lowering.layout(node.inputs[0]);
  const grid = planGrid(Object.values(reduction.pixelOperands), paddedChannels, channels);
  reduceChannels(reduction, grid, batch * pixels, lowering);
}

/** A family that reduces its first inputs, which have pixels; what has one number a channel is plain. */
function family(
  op: string,
  pixelOperands: number,
  lower: KernelFamily["lower"],
): KernelFamily {
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

/** Sums over everything but the channel, moments, and the gradients of a normalisation. */
export const channelReductions: readonly KernelFamily[] = [
  family("channelSum", 1, lowerSum),
  family("channelMoments", 1, lowerMoments),
  family("channelNormalizeReduce", 2, lowerNormalizeReduce),
];
