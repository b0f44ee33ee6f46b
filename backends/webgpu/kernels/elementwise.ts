/** Elementwise ops, single or fused: one invocation per element, or per four if memory allows. */
import type { GraphNode, Value } from "../../../graph/types.ts";
import { type Broadcast, broadcastsOf } from "../../../ops/elementwise.ts";
import type { NodeOrders, Order } from "../../layout.ts";
import { isVectorAligned, type KernelFamily, type Lowering, SMALL_ITEMS } from "../kernel.ts";
import { channelReader, readChannels } from "./channel_vector.ts";
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
    // A buffer that is written is bound once, with one element type.
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
  const lastFirst = order === "channelsLast" || pixels === 1;
  const channel = lastFirst
    ? `i * ${width} % ${paddedChannels}`
    : `i * ${width} / ${pixels} % ${channels}`;
  const splat = (code: string) => width === 4 ? `vec4<f32>(${code})` : code;
  /** WGSL that reads the number or numbers of an operand for element `i`. */
  const load: Record<Broadcast, (operand: string) => string> = {
    full: (operand) => `${operand}(i)`,
    scalar: (operand) => splat(`${operand}(0)`),
    channel: (operand) =>
      lastFirst ? `${channelReader(operand)}(${channel})` : splat(`${operand}(${channel})`),
  };
  const full = width === 4 ? "vec4<f32>" : "f32";
  const named = (prefix: string, values: readonly Value[], isIncluded: (i: number) => boolean) =>
    Object.fromEntries(
      values.flatMap((value, i) => isIncluded(i) ? [[`${prefix}${i}`, value]] : []),
    );
  const isFull = (i: number) => width === 1 || spreads[i] === "full";
  const readers = spreads.flatMap((spread, i) =>
    spread === "channel" && lastFirst ? readChannels(`x${i}`, { width, channels }) : []
  );
  const writer = new ExpressionWriter(width);
  const inputs = spreads.map((spread, i) => writer.let(load[spread](`x${i}`)));
  const results = node.op.elementwise!.expression(writer, inputs, node.attributes);
  const stores = results.map(({ code }, i) => `storeY${i}(i, ${code});`);
  lowering.eachItem({
    name: node.op.name,
    reads: {
      f32: named("x", node.inputs, (i) => !isFull(i)),
      [full]: named("x", node.inputs, isFull),
    },
    writes: { [full]: named("y", node.outputs, () => true) },
    items,
    small: items <= SMALL_ITEMS,
    wgsl: [...readers, "fn item(i: u32) {", ...writer.lines, ...stores, "}"].join("\n"),
  });
}

/** The order of a node's full operands: channels last if one of them is. */
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
