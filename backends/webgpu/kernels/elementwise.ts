/**
 * Elementwise ops, single or fused: one invocation computes one element, or four where the memory
 * allows it.
 */
import type { GraphNode } from "../../../graph/types.ts";
import { type Broadcast, broadcastsOf } from "../../../ops/elementwise.ts";
import type { NodeOrders, Order } from "../../layout.ts";
import {
  type Accessor,
  cover,
  isVectorAligned,
  type KernelFamily,
  type Lowering,
  type PhaseOperand,
  SMALL_ITEMS,
  THREADS,
} from "../kernel.ts";
import { channelVector } from "./channel_vector.ts";
import { ExpressionWriter } from "../wgsl.ts";

/** Whether every operand can be accessed four elements at a time. */
function isVectorizable(
  node: GraphNode,
  spreads: readonly Broadcast[],
  lowering: Lowering,
): boolean {
  const { order, pixels } = lowering.layout(node.outputs[0]);
  if (order === "plain" && spreads.includes("channel") && pixels % 4 !== 0) return false;
  const full = [...node.inputs.filter((_, i) => spreads[i] === "full"), ...node.outputs];
  const written = new Set(node.outputs.map((value) => lowering.ref(value).buffer));
  return full.every((value) => isVectorAligned(lowering.ref(value))) &&
    // What is written is bound once, with one element type.
    !node.inputs.some((value, i) =>
      spreads[i] !== "full" && written.has(lowering.ref(value).buffer)
    );
}

function lower(node: GraphNode, lowering: Lowering): void {
  const layout = lowering.layout(node.outputs[0]);
  const { order, channels, paddedChannels, pixels, elements } = layout;
  const spreads = broadcastsOf(node);
  const width = isVectorizable(node, spreads, lowering) ? 4 : 1;
  const items = elements / width;
  const { workgroups, index } = cover(items);
  const lastFirst = order === "channelsLast" || pixels === 1;
  const channel = lastFirst
    ? `(i * ${width}u) % ${paddedChannels}u`
    : `(i * ${width}u / ${pixels}u) % ${channels}u`;
  const splat = (code: string) => width === 4 ? `vec4<f32>(${code})` : code;
  /** WGSL that reads the number or numbers of an operand for element `i`. */
  const load: Record<Broadcast, (operand: Accessor) => string> = {
    full: (operand) => operand.at("i"),
    scalar: (operand) => splat(operand.at("0u")),
    channel: (operand) =>
      lastFirst ? channelVector(operand, channel, width, channels) : splat(operand.at(channel)),
  };
  const type = (spread: Broadcast) => spread === "full" && width === 4 ? "vec4<f32>" : "f32";
  const operands: Record<string, PhaseOperand> = {};
  node.inputs.forEach((value, i) => {
    Object.assign(operands, lowering.reads(type(spreads[i]), { [`x${i}`]: value }));
  });
  node.outputs.forEach((value, i) => {
    Object.assign(operands, lowering.writes(type("full"), { [`y${i}`]: value }));
  });
  lowering.phase({
    name: node.op.name,
    operands,
    workgroupSize: THREADS,
    workgroups,
    small: items <= SMALL_ITEMS,
    code: (accessors) => {
      const writer = new ExpressionWriter(width);
      const inputs = spreads.map((spread, i) => writer.let(load[spread](accessors[`x${i}`])));
      const results = node.op.elementwise!.expression(writer, inputs, node.attributes);
      const stores = results.map(({ code }, i) => accessors[`y${i}`].set("i", code));
      return {
        main: [
          `let i = ${index};`,
          `if (i >= ${items}u) { return; }`,
          ...writer.lines,
          ...stores,
        ].join("\n"),
      };
    },
  });
}

/** The order of a node's full operands: channels last as soon as one of them is. */
function ordersOf(node: GraphNode, available: readonly Order[]): NodeOrders {
  const spreads = broadcastsOf(node);
  const isLast = spreads.some((how, i) => how === "full" && available[i] === "channelsLast");
  const order = isLast ? "channelsLast" : "plain";
  return {
    inputs: spreads.map((how) => how === "full" ? order : "plain"),
    outputs: node.outputs.map(() => order),
  };
}

/** Elementwise ops, whatever their names. */
export const elementwise: KernelFamily = { ops: [], orders: ordersOf, lower };
