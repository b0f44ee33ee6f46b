/**
 * The memory layout of values.
 *
 * Shapes in programs are [N, C, H, W]. Convolutions, pools and batch norms run on channels-last
 * activations; everything else is stored row-major in its shape. Kernel families name the orders
 * that they work on; {@link assignLayouts} walks the program once and inserts a conversion wherever
 * a value's order is not the one that a kernel needs.
 */
import { makeNode } from "../graph/node.ts";
import { rewriteProgram, withInputs } from "../graph/rewrite.ts";
import {
  type DType,
  type GraphNode,
  type Op,
  type Program,
  type Shape,
  sizeOf,
  type TensorType,
  type Value,
} from "../graph/types.ts";
import { LAYOUT_CONVERSION } from "./backend.ts";

/**
 * The order of a value's elements in memory.
 *
 * - `plain`: row-major in the program's shape. No padding; aligned to the element only.
 * - `channelsLast`: [N, H, W, Cp] for a value of shape [N, C, H, W] (any rank of at least 3), where
 *   Cp is C rounded up to a multiple of 4; aligned to 64 bytes, unless it is a view of a plain
 *   value or computed as part of one. The Cp − C padding lanes of a pixel contain finite numbers
 *   (zeros from most kernels; valid indices in a value of indices), so a kernel may compute with
 *   them, but no result of a real channel may depend on them.
 */
export type Order = "plain" | "channelsLast";

/** Channels are padded to a multiple of this, one 128-bit vector of floats. */
const CHANNEL_ALIGNMENT = 4;

/** The layout of a value in memory, without its address. */
export interface Layout {
  readonly order: Order;
  readonly shape: Shape;
  readonly dtype: DType;
  /** First extent; 1 for a scalar. */
  readonly batch: number;
  /** Second extent; 1 where there is none. */
  readonly channels: number;
  /** Channels stored: `channels` in plain order, rounded up to a multiple of 4 in channelsLast. */
  readonly paddedChannels: number;
  /** Pixels of an image: the product of the extents after the second. */
  readonly pixels: number;
  /** Elements stored, padding included. */
  readonly elements: number;
  readonly bytes: number;
}

export function elementBytes(dtype: DType): number {
  return dtype === "u8" ? 1 : 4;
}

export function layoutOf({ shape, dtype }: TensorType, order: Order): Layout {
  if (order === "channelsLast" && shape.length < 3) {
    throw new Error(`a value of rank ${shape.length} has no channels-last order`);
  }
  const [batch = 1, channels = 1, ...rest] = shape;
  const paddedChannels = order === "plain"
    ? channels
    : Math.ceil(channels / CHANNEL_ALIGNMENT) * CHANNEL_ALIGNMENT;
  const pixels = sizeOf(rest);
  const elements = batch * paddedChannels * pixels;
  const bytes = elements * elementBytes(dtype);
  return { order, shape, dtype, batch, channels, paddedChannels, pixels, elements, bytes };
}

/** Whether a tensor's memory is the same in both orders. */
export function ordersCoincide({ shape }: TensorType): boolean {
  return shape.length < 3 || (shape[1] % CHANNEL_ALIGNMENT === 0 && sizeOf(shape.slice(2)) === 1);
}

/** The orders in which a node needs its inputs and produces its outputs. */
export interface NodeOrders {
  readonly inputs: readonly Order[];
  readonly outputs: readonly Order[];
}

export interface ConvertLayoutAttributes {
  readonly order: Order;
}

/** Converts a value to another order; made only by {@link assignLayouts}. */
export const convertLayoutOp: Op<ConvertLayoutAttributes> = {
  name: LAYOUT_CONVERSION,
  inputNames: ["input"],
  infer: ([input]) => [input],
  evaluate: ([input]) => [input.data],
  multiplyAccumulates: () => 0,
  samples: [],
};

/** A program whose values all have an order that suits the kernels that use them. */
export interface LaidOutProgram {
  readonly program: Program;
  readonly orders: ReadonlyMap<Value, Order>;
}

/**
 * Chooses the order of every value and inserts conversions. Leaves, program outputs and updates are
 * plain.
 *
 * @param ordersOf What a node needs, given the orders of its inputs; undefined: all plain.
 */
export function assignLayouts(
  program: Program,
  ordersOf: (node: GraphNode, available: readonly Order[]) => NodeOrders | undefined,
): LaidOutProgram {
  const orders = new Map<Value, Order>();
  const converted = new Map<Value, Value>();
  const orderOf = (value: Value) => orders.get(value) ?? "plain";
  const wantedPlain = new Set(
    [...Object.values(program.outputs), ...program.updates.map((update) => update.value)],
  );

  const laidOut = rewriteProgram(program, (node, rewriter) => {
    const convert = (value: Value, order: Order): Value => {
      if (orderOf(value) === order) return value;
      const known = converted.get(value);
      if (known) return known;
      const conversion = makeNode(convertLayoutOp, [value], { order }, [value], node.scope);
      const [result] = rewriter.emit(conversion);
      orders.set(result, order);
      converted.set(value, result).set(result, value);
      return result;
    };
    const inputs = node.inputs.map(rewriter.replacement);
    const wanted = ordersOf(node, inputs.map(orderOf));
    const copy = withInputs(
      node,
      inputs.map((value, i) => convert(value, wanted?.inputs[i] ?? "plain")),
    );
    rewriter.emit(copy);
    copy.outputs.forEach((value, i) => orders.set(value, wanted?.outputs[i] ?? "plain"));
    return copy.outputs.map((value, i) =>
      wantedPlain.has(node.outputs[i]) ? convert(value, "plain") : value
    );
  });
  return { program: laidOut, orders };
}
