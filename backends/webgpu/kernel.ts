/**
 * The interface between the kernel families and the driver that compiles programs.
 *
 * A family lowers a node to dispatches of compute shaders; they run in order, and each sees all
 * that earlier ones wrote. A shader is plain WGSL, usually in a `.wgsl` file next to the family. It
 * defines `item(i)`, or `computeGroup(group, thread)`. `shader.ts` adds the entry point `main`, and
 * a header:
 *
 * - the dispatch's constants that it uses, such as `const CHANNELS = 64;`: untyped, to serve as u32
 *   and i32; `THREADS` are the invocations of a workgroup, `GROUPS_X` the workgroups along x;
 * - a function for each operand: `x(i)` reads element `i` of operand `x`, zero if there is no such
 *   operand; `storeY(i, value)` stores one of operand `y`.
 *
 * Operands' addresses are not part of the text, so nodes of equal shapes share a pipeline.
 *
 * ```ts
 * export const double: KernelFamily = {
 *   ops: ["double"],
 *   lower({ inputs: [x], outputs: [y] }, lowering) {
 *     lowering.eachItem({
 *       name: "double",
 *       reads: { f32: { x } },
 *       writes: { f32: { y } },
 *       items: lowering.layout(x).elements,
 *       constants: { FACTOR: 2 },
 *       wgsl: "fn item(i: u32) { storeY(i, FACTOR * x(i)); }",
 *     });
 *   },
 * };
 * ```
 */
import type { GraphNode, Value } from "../../graph/types.ts";
import type { Layout, NodeOrders, Order } from "../layout.ts";
import type { Place } from "../placement.ts";

/** Kernels for some ops. */
export interface KernelFamily {
  /** Names of the ops it lowers. */
  readonly ops: readonly string[];
  /**
   * The orders the node's inputs must have and its outputs will have, given the orders the inputs
   * have. Default: all plain.
   */
  orders?(node: GraphNode, available: readonly Order[]): NodeOrders;
  /**
   * Whether small outputs share one buffer, so that the small dispatches that write or read them
   * can be merged. Such memory is not reused within a run and is accessed element by element.
   * Default false.
   */
  readonly pooled?: boolean;
  /** Adds the dispatches that compute the node's outputs. */
  lower(node: GraphNode, lowering: Lowering): void;
}

/** {@link KernelFamily.orders} of a family that wants every operand in one order. */
export function allIn(order: Order): (node: GraphNode) => NodeOrders {
  return ({ inputs, outputs }) => ({
    inputs: inputs.map(() => order),
    outputs: outputs.map(() => order),
  });
}

/** Memory with one purpose; temporaries with disjoint lifetimes share a GPU buffer. */
export interface MemoryBuffer {
  readonly bytes: number;
  /** The source of its contents. Shaders write only temporaries and variables. */
  readonly kind: "temporary" | "variable" | "input" | "constant";
  /** Its contents, for messages. */
  readonly label: string;
  /**
   * Whether it stores 16-bit floats. Kernels need not know: the operands' functions convert, and a
   * {@link Ref} into it counts four bytes per element, as everywhere. Only a value at the start of
   * the buffer can be stored in it. Default false.
   */
  readonly half?: boolean;
}

/** Contents of a buffer of constants. */
export type ConstantData = Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;

/** Where an operand is stored. */
export type Ref = Place<MemoryBuffer>;

/** Bytes of memory that `bytes` bytes of an operand occupy; see {@link MemoryBuffer.half}. */
export function storedBytes({ buffer }: Ref, bytes: number): number {
  return buffer.half ? bytes / 2 : bytes;
}

/** Type of the elements that a shader sees in memory. */
export type ElementType = "f32" | "i32" | "u32" | "vec4<f32>" | "vec4<i32>" | "vec4<u32>";

/** Bytes of an element. */
export function elementBytes(type: ElementType): number {
  return type.startsWith("vec4") ? 16 : 4;
}

/** Memory that a dispatch reads or writes. */
export interface Operand {
  readonly ref: Ref;
  readonly type: ElementType;
  /** Whether the shader writes it; it may then read it too. Default false. */
  readonly write?: boolean;
}

/** Constants of a shader: integers, booleans, and WGSL expressions for other values. */
export type Constants = Readonly<Record<string, number | boolean | string>>;

/** Numbers of workgroups along x, y and z. */
export type Workgroups = readonly [number, number, number];

/** One dispatch of a shader. */
export interface Dispatch {
  /** The kernel's name and variant, for profiles. */
  readonly name: string;
  readonly operands: Readonly<Record<string, Operand>>;
  /** Invocations per workgroup. */
  readonly workgroupSize: number;
  readonly workgroups: Workgroups;
  /** Default: only those that every shader has. */
  readonly constants?: Constants;
  /** The shader without its header and entry point. */
  readonly wgsl: string;
  /** Number of items, for each of which `item` is called. Default: `computeGroup` is called. */
  readonly items?: number;
  /** Floating-point operations, if worth counting. Default 0. */
  readonly flops?: number;
  /**
   * Bytes that the shader's own loads and stores move between global memory and the invocations.
   * Default: those of every operand, once.
   */
  readonly bytes?: number;
  /**
   * Whether it is so little work that it should be merged with others. It then has items and a
   * one-dimensional grid. Default false.
   */
  readonly small?: boolean;
}

/** Operands by the type that the shader sees; `undefined` is one that the node does not have. */
export type Operands = {
  readonly [Type in ElementType]?: Readonly<Record<string, Ref | Value | undefined>>;
};

/** A dispatch as families describe it. */
export interface DispatchRequest extends Omit<Dispatch, "operands"> {
  readonly reads?: Operands;
  /** Operands that the shader writes; it may read them too. */
  readonly writes: Operands;
}

/** A dispatch with one invocation per item. */
export type ItemRequest =
  & Omit<DispatchRequest, "workgroupSize" | "workgroups">
  & { readonly items: number };

/** One of several ways to compute the same result. */
export interface Variant {
  /** Unique among the node's variants; stored by tuning. */
  readonly name: string;
}

/** The interface through which a family lowers a node. */
export interface Lowering {
  /** Whether the adapter is software: few cores, which more invocations do not use better. */
  readonly software: boolean;
  /** How a value's elements are ordered in memory. */
  layout(value: Value): Layout;
  /** Where a value is stored. */
  ref(value: Value): Ref;
  /** Memory, not zeroed, that lives from the first dispatch that uses it to the last. */
  scratch(bytes: number, label: string): Ref;
  /**
   * Memory in a buffer shared by all requests with this label, if it is small: for what small
   * dispatches of many nodes write. It is not reused within a run.
   */
  pooled(bytes: number, label: string): Ref;
  /** Constant data. */
  table(data: ConstantData): Ref;
  /**
   * Data derived from a value and used by several nodes, such as a kernel's weights in another
   * order; `make` is called for the first of them.
   */
  derived(value: Value, form: string, make: () => Ref): Ref;
  /**
   * The variant that tuning found to be the fastest on this adapter, otherwise the first, which is
   * the family's own choice by shape. Call it once per node.
   */
  choose<V extends Variant>(variants: readonly V[]): V;
  /** Appends a copy of the bytes at `source`, enough to fill `target`. */
  copy(source: Ref, target: Ref): void;
  /** Appends a dispatch. */
  dispatch(request: DispatchRequest): void;
  /** Appends a dispatch with one invocation per item. */
  eachItem(request: ItemRequest): void;
}

/** Most bytes of one place in a shared buffer. Measure with `deno task bench CONFIG --cost`. */
export const POOLED_BYTES = 1 << 18;

/** Most items of a small elementwise dispatch. Measure with `deno task bench CONFIG --cost`. */
export const SMALL_ITEMS = 1 << 12;

/** Usual invocations per workgroup. Measure with `deno task kernel relu --backend webgpu`. */
export const THREADS = 64;

/** Most workgroups along one axis that every adapter accepts. */
export const MAX_WORKGROUPS = 65535;

/** Most invocations per workgroup that every adapter accepts. */
export const MAX_INVOCATIONS = 256;

/** Bytes of workgroup memory that every adapter offers. */
export const WORKGROUP_BYTES = 16384;

/**
 * A grid of at least `groups` workgroups, `depth` times along z. A workgroup's number is
 * `group.y * GROUPS_X + group.x`; some numbers may exceed the last.
 */
export function coverByGroups(groups: number, depth = 1): Workgroups {
  const rows = Math.ceil(Math.max(1, groups) / MAX_WORKGROUPS);
  return [Math.ceil(Math.max(1, groups) / rows), rows, depth];
}

/** The grid of a dispatch with one invocation per item. */
export function itemGrid(items: number): Pick<Dispatch, "workgroupSize" | "workgroups"> {
  return { workgroupSize: THREADS, workgroups: coverByGroups(Math.ceil(items / THREADS)) };
}

/** {@link Dispatch.bytes} with its default. */
export function movedBytes({ operands, bytes }: Dispatch): number {
  const all = Object.values(operands);
  return bytes ?? all.reduce((sum, { ref }) => sum + storedBytes(ref, ref.bytes), 0);
}

/** Whether an operand stored there can be read four floats at a time. */
export function isVectorAligned({ offset, bytes }: Ref): boolean {
  return offset % 16 === 0 && bytes % 16 === 0;
}
