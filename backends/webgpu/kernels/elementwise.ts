/**
 * Elementwise ops, single or fused: one invocation computes one element, or four where the memory
 * allows it.
 */
import type { GraphNode } from "../../../graph/types.ts";
import { type Broadcast, broadcastOf } from "../../../ops/elementwise.ts";
import type { Order } from "../../layout.ts";
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
import { ExpressionWriter, type Term } from "../wgsl.ts";

/** How input `i` of a node meets an output element. */
function spreadOf(node: GraphNode, i: number): Broadcast {
  const spread = broadcastOf(node.inputs[i].shape, node.outputs[0].shape);
  if (!spread) throw new Error(`${node.op.name}: input ${i} does not fit the output`);
  return spread;
}

/** Whether every operand can be accessed four elements at a time. */
function isVectorizable(node: GraphNode, lowering: Lowering): boolean {
  const { order, pixels } = lowering.layout(node.outputs[0]);
  const spreads = node.inputs.map((_, i) => spreadOf(node, i));
  if (order === "plain" && spreads.includes("channel") && pixels % 4 !== 0) return false;
  const full = [...node.inputs.filter((_, i) => spreads[i] === "full"), ...node.outputs];
  const written = new Set(node.outputs.map((value) => lowering.ref(value).buffer));
  return full.every((value) => isVectorAligned(lowering.ref(value))) &&
    // What is written is bound once, with one element type.
    !node.inputs.some((value, i) =>
      spreads[i] !== "full" && written.has(lowering.ref(value).buffer)
    );
}

/** WGSL that reads the number or numbers of an operand for element `i`. */
function load(operand: Accessor, spread: Broadcast, place: ElementPlace): string {
  const { width, channel, lanesShareChannel, channels } = place;
  const splat = (code: string) => width === 4 ? `vec4<f32>(${code})` : code;
  switch (spread) {
    case "full":
      return operand.at("i");
    case "scalar":
      return splat(operand.at("0u"));
    case "channel": {
      return lanesShareChannel
        ? splat(operand.at(channel))
        : channelVector(operand, channel, width, channels);
    }
  }
}

/** Where an invocation's elements are. */
interface ElementPlace {
  readonly width: 1 | 4;
  readonly channels: number;
  /** Expression of the first element's channel. */
  readonly channel: string;
  /** Whether all elements of an invocation are of one channel. */
  readonly lanesShareChannel: boolean;
}

function lower(node: GraphNode, lowering: Lowering): void {
  const layout = lowering.layout(node.outputs[0]);
  const { order, channels, paddedChannels, pixels, elements } = layout;
  const width = isVectorizable(node, lowering) ? 4 : 1;
  const lastFirst = order === "channelsLast" || pixels === 1;
  const items = elements / width;
  const { workgroups, index } = cover(items);
  const place: ElementPlace = {
    width,
    channels,
    lanesShareChannel: !lastFirst,
    channel: lastFirst
      ? `(i * ${width}u) % ${paddedChannels}u`
      : `(i * ${width}u / ${pixels}u) % ${channels}u`,
  };
  const type = (spread: Broadcast) => spread === "full" && width === 4 ? "vec4<f32>" : "f32";
  const operands: Record<string, PhaseOperand> = {};
  node.inputs.forEach((value, i) => {
    operands[`x${i}`] = { ref: lowering.ref(value), type: type(spreadOf(node, i)) };
  });
  node.outputs.forEach((value, i) => {
    operands[`y${i}`] = { ref: lowering.ref(value), type: type("full"), write: true };
  });
  lowering.phase({
    name: node.op.name,
    operands,
    workgroupSize: THREADS,
    workgroups,
    small: items <= SMALL_ITEMS,
    code: (accessors) => {
      const writer = new ExpressionWriter(width);
      const inputs: Term[] = node.inputs.map((_, i) =>
        writer.let(load(accessors[`x${i}`], spreadOf(node, i), place))
      );
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
function ordersOf(node: GraphNode, available: readonly Order[]) {
  const order: Order =
    node.inputs.some((_, i) => spreadOf(node, i) === "full" && available[i] === "channelsLast")
      ? "channelsLast"
      : "plain";
  return {
    inputs: node.inputs.map((_, i) => spreadOf(node, i) === "full" ? order : "plain" as const),
    outputs: node.outputs.map(() => order),
  };
}

/** Elementwise ops, whatever their names. */
export const elementwise: KernelFamily = { ops: [], orders: ordersOf, lower };
