/** Batch statistics and the sums behind the gradients of batch norms and biases. */
import type { GraphNode } from "../../../graph/types.ts";
import type { ChannelNormalizeAttributes } from "../../../ops/channel_normalize.ts";
import { f64, type Local } from "../../../assembler/mod.ts";
import type { KernelFamily } from "../kernel.ts";
import { channelReductionOrders, lowerChannelReduction } from "./channel_reduction.ts";
import type { ChannelReduction } from "./channel_reduction_parts.ts";

function family(op: string, reductionOf: (node: GraphNode) => ChannelReduction): KernelFamily {
  return {
    ops: [op],
    orders: channelReductionOrders,
    lower: (node, lowering) => lowerChannelReduction(reductionOf(node), node, lowering),
  };
}

const sum: ChannelReduction = {
  key: "channelSum",
  sums: 1,
  streams: 1,
  shift: "none",
  terms: (_v, [x]) => [x],
  results: ({ sums }) => [...sums],
};

/** Sums of x - s and (x - s)² with a shift s near the mean. */
const moments: ChannelReduction = {
  key: "channelMoments",
  sums: 2,
  streams: 1,
  shift: "estimate",
  terms(v, [x], shift) {
    const centered = v.local();
    v.set(centered, v.sub(x, shift!));
    return [centered, v.mul(centered, centered)];
  },
  rebase: ([sum, squares], count, by) => [
    f64.add(sum, f64.mul(count, by)),
    f64.add(squares, f64.mul(by, f64.add(f64.mul(2, sum), f64.mul(count, by)))),
  ],
  results({ f, sums: [sum, squares], count, shift }) {
    const offset = f.f64();
    f.set(offset, f64.div(sum, count));
    const variance = f64.sub(f64.div(squares, count), f64.mul(offset, offset));
    // Rounding must not make the variance of a constant channel negative.
    return [f64.add(shift, offset), f64.max(variance, 0)];
  },
};

/** Sums of dy and dy · (x - mean). */
function normalizeReduction({ inputs, attributes }: GraphNode): ChannelReduction {
  const { eps } = attributes as ChannelNormalizeAttributes;
  return {
    key: `channelNormalizeReduce ${eps}`,
    sums: 2,
    streams: 2,
    shift: 2,
    terms: (v, [dy, x], mean) => [dy, v.mul(dy, v.sub(x, mean!))],
    results({ f, sums: [dBias, product], input }) {
      const root = f.f64(), scaled = f.f64(), dWeight: Local<"f64"> = f.f64();
      f.set(root, f64.div(1, f64.sqrt(f64.add(input(3), eps))));
      f.set(scaled, inputs.length > 4 ? f64.mul(root, input(4)) : root);
      f.set(dWeight, f64.mul(product, root));
      return [
        dWeight,
        dBias,
        f64.neg(f64.mul(scaled, dBias)),
        f64.mul(f64.mul(f64.mul(scaled, root), dWeight), -0.5),
      ];
    },
  };
}

/** Sums over everything but the channel, moments, and the gradients of a normalization. */
export const channelStatistics: readonly KernelFamily[] = [
  family("channelSum", () => sum),
  family("channelMoments", () => moments),
  family("channelNormalizeReduce", normalizeReduction),
];
