/**
 * What a kernel family is: the interface between the kernels and the driver that compiles programs.
 *
 * A family lowers a node to dispatches. A dispatch is one dispatch of a compute shader; dispatches run in order,
 * each seeing all that the ones before it wrote. Its shader is plain WGSL, kept in a `.wgsl` file
 * beside the family. What the WGSL depends on comes before it in a header that `shader.ts` writes:
 *
 * - the dispatch's constants, such as `const CHANNELS = 64;`: without a type, so that they fit where a
 *   u32 is wanted and where an i32 is; `THREADS` and `GROUPS_X`, the invocations of a workgroup and
 *   the workgroups along x, are always among them;
 * - a function for each operand: `x(i)` is element `i` of operand `x`; `storeY(i, value)` stores one
 *   of operand `y`, which the shader writes.
 *
 * Where operands lie is so kept out of the WGSL, and as a number out of the header, so nodes of equal
 * shapes share a pipeline.
 *
 * ```ts
 * export const double: KernelFamily = {
 *   ops: ["double"],
 *   lower({ inputs: [x], outputs: [y] }, lowering) {
 *     lowering.eachItem({
 *       name: "double",
 *       operands: { ...lowering.reads("f32", { x }), ...lowering.writes("f32", { y }) },
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
   * Whether small outputs share one buffer instead of having their own, so that the small dispatches
   * that make or read them can share a dispatch. Such memory is not reused within a run; it is
   * accessed by single elements only. Default false.
   */
  readonly pooled?: boolean;
  /** Adds the dispatches that compute the node's outputs. */
  lower(node: GraphNode, lowering: Lowering): void;
}

/** Memory of one purpose; temporaries that live at different times share a GPU buffer. */
export interface MemoryBuffer {
  /** Bytes it takes. */
  readonly bytes: number;
  /**
   * `temporary`: computed by the program; `variable`, `input`, `constant`: what it starts with.
   * Only temporaries and variables are written by shaders.
   */
  readonly kind: "temporary" | "variable" | "input" | "constant";
  /** What it holds, for messages. */
  readonly label: string;
  /**
   * Whether it holds floats of 16 bits. Kernels neither know nor care: accessors convert, and places
   * in it count four bytes an element as everywhere. Only what begins the buffer lies in it. Default
   * false.
   */
  readonly half?: boolean;
}

/** A place in memory. */
export interface Ref {
  readonly buffer: MemoryBuffer;
  /** Bytes from the buffer's start. */
  readonly offset: number;
  /** Bytes that belong to the operand; see {@link MemoryBuffer.half}. */
  readonly bytes: number;
}

/** Bytes of global memory that a stretch of so many bytes takes where the operand lies. */
export function storedBytes({ buffer }: Ref, bytes: number): number {
  return buffer.half ? bytes / 2 : bytes;
}

/** How a shader sees memory: an array of these. */
export type ElementType = "f32" | "i32" | "u32" | "vec4<f32>" | "vec4<i32>" | "vec4<u32>";

/** Bytes of an element. */
export function elementBytes(type: ElementType): number {
  return type.startsWith("vec4") ? 16 : 4;
}

/** Memory a dispatch reads or writes. */
export interface Operand {
  readonly ref: Ref;
  readonly type: ElementType;
  /** Whether the shader writes it; it may then read it too. Default false. */
  readonly write?: boolean;
}

/**
 * What a shader knows by name: whole numbers, truths, and other values as WGSL expressions, such as
 * those of `float`.
 */
export type Constants = Readonly<Record<string, number | boolean | string>>;

/** Numbers of workgroups along x, y and z. */
export type Workgroups = readonly [number, number, number];

/** One dispatch. */
export interface Dispatch<N extends string = string> {
  /** The kernel's name and variant, for profiles. */
  readonly name: string;
  readonly operands: Readonly<Record<N, Operand>>;
  /** Invocations of a workgroup. */
  readonly workgroupSize: number;
  readonly workgroups: Workgroups;
  /** Constants of the shader. Default: none but those that all have. */
  readonly constants?: Constants;
  /** The shader without its header: the entry point `main`, or `item` where there are items. */
  readonly wgsl: string;
  /** Where given, an invocation each does `fn item(i: u32)` for items 0 up to it. */
  readonly items?: number;
  /** Floating-point operations, where it is worth counting. Default 0. */
  readonly flops?: number;
  /**
   * Bytes that the shader's own loads and stores move between global memory and the invocations.
   * Default: every operand's, once.
   */
  readonly bytes?: number;
  /**
   * Whether it is so little work that it should share a dispatch with others. It then has items,
   * and its grid one dimension. Default false.
   */
  readonly small?: boolean;
}

/** The same work for each of some items, one invocation each: the shader is a function `item`. */
export type ItemDispatch<N extends string = string> =
  & Omit<Dispatch<N>, "workgroupSize" | "workgroups" | "bytes">
  & { readonly items: number };

/** One of several ways to compute the same. */
export interface Variant {
  /** Tells it from the others of its node; part of what tuning keeps. */
  readonly name: string;
}

/** What a family lowers a node with. */
export interface Lowering {
  /** Whether the adapter is software: it has few cores, which vectors of invocations do not widen. */
  readonly software: boolean;
  /** How a value lies in memory. */
  layout(value: Value): Layout;
  /** Where a value lies. */
  ref(value: Value): Ref;
  /** Memory, not zeroed, that lives from its first dispatch to its last. */
  scratch(bytes: number, label: string): Ref;
  /**
   * Memory in one buffer with all else of this label, if it is small: for what the small dispatches of
   * many nodes make. It is not reused within a run.
   */
  pooled(bytes: number, label: string): Ref;
  /** Constant data. */
  table(data: Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer>): Ref;
  /**
   * Something derived from a value that several nodes want, such as a kernel's weights in another
   * order: made by the first to ask.
   */
  derived(value: Value, form: string, make: () => Ref): Ref;
  /**
   * One of several variants of the node's kernel: the one that tuning found to be the fastest on this
   * adapter, else the first, which is the family's own choice by shape. To be called once a node.
   */
  choose<V extends Variant>(variants: readonly V[]): V;
  /** Operands that a shader reads, of one type; what is undefined is left out. */
  reads<N extends string>(
    type: ElementType,
    places: Readonly<Record<N, Ref | Value | undefined>>,
  ): Record<N, Operand>;
  /** Operands that a shader writes, of one type. */
  writes<N extends string>(
    type: ElementType,
    places: Readonly<Record<N, Ref | Value>>,
  ): Record<N, Operand>;
  /** Appends a dispatch. */
  dispatch<N extends string>(dispatch: Dispatch<N>): void;
  /** Appends a dispatch with an invocation for each item. */
  eachItem<N extends string>(dispatch: ItemDispatch<N>): void;
}

/** Most bytes of what shares a buffer with others. */
export const POOLED_BYTES = 1 << 18;

/** Most items of an elementwise dispatch that is small. */
export const SMALL_ITEMS = 1 << 12;

/** Invocations of a workgroup where nothing speaks for another number. */
export const THREADS = 64;

/** Most workgroups along one axis that every adapter takes. */
export const MAX_WORKGROUPS = 65535;

/** Most invocations of a workgroup that every adapter takes. */
export const MAX_INVOCATIONS = 256;

/** Bytes of workgroup memory that every adapter offers. */
export const WORKGROUP_BYTES = 16384;

/**
 * A grid of at least one workgroup for each of `items` items, `depth` of it along z. The item's number
 * is `group.y * GROUPS_X + group.x`; some numbers are past the last.
 */
export function coverByGroups(items: number, depth = 1): Workgroups {
  const groups = Math.max(1, items);
  const rows = Math.ceil(groups / MAX_WORKGROUPS);
  return [Math.ceil(groups / rows), rows, depth];
}

/** A dispatch with an invocation for each item. */
export function itemDispatch<N extends string>(dispatch: ItemDispatch<N>): Dispatch<N> {
  const workgroups = coverByGroups(Math.ceil(dispatch.items / THREADS));
  return { ...dispatch, workgroupSize: THREADS, workgroups };
}

/** {@link Dispatch.bytes} of a dispatch, with its default. */
export function movedBytes({ operands, bytes }: Dispatch): number {
  const all = Object.values<Operand>(operands);
  return bytes ?? all.reduce((sum, { ref }) => sum + storedBytes(ref, ref.bytes), 0);
}

/** Whether an operand of this place can be read four floats at a time. */
export function isVectorAligned({ offset, bytes }: Ref): boolean {
  return offset % 16 === 0 && bytes % 16 === 0;
}
