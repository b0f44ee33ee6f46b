/**
 * What a kernel family is: the interface between the kernels and the driver that compiles programs.
 *
 * A family lowers a node to launches. A launch is a number of items, units of work of equal size,
 * and a kernel: an emitted function that computes some of them. The driver partitions the items
 * among the threads, and all threads meet at a barrier before a launch begins that touches memory
 * which an earlier one writes, or writes memory which an earlier one touches. Where items are parts
 * of images, a thread has the same images in every launch; it then need not wait for other threads,
 * and takes a few images at a time through one launch after another while they are in its cache.
 * Shapes are constants of the emitted code; addresses and the share are its parameters, so nodes of
 * equal shapes share one function.
 *
 * ```ts
 * export const double: KernelFamily = {
 *   ops: ["double"],
 *   lower({ inputs: [x], outputs: [y] }, lowering) {
 *     const { elements } = lowering.layout(x);
 *     lowering.launch({
 *       kernel: "double",
 *       build: (f) => {
 *         const { x, y, first, end } = f.parameters;
 *         …
 *       },
 *       args: { x: lowering.ref(x, x.shape), y: lowering.ref(y, x.shape) },
 *       writes: ["y"],
 *       items: elements,
 *     });
 *   },
 * };
 * ```
 */
import type { GraphNode, Shape, Value } from "../../graph/types.ts";
import type {
  Callable,
  FunctionBuilder,
  ParameterTypes,
  ResultType,
  Target,
} from "../../assembler/mod.ts";
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
  /** Adds the launches that compute the node's outputs. */
  lower(node: GraphNode, lowering: Lowering): void;
}

/** Memory for one purpose; its address is assigned once the whole program has been lowered. */
export interface MemoryBuffer {
  readonly bytes: number;
}

/** Bytes of a cache line: what different threads write is at least this far apart. */
export const CACHE_LINE = 64;

/** Where an operand is stored. Kernels may load past its end; those bytes do not count. */
export type Ref = Place<MemoryBuffer>;

/** The part of a place from byte `by` on, or `bytes` of it. Throws an Error if it has fewer. */
export function advance(place: Ref, by: number, bytes = place.bytes - by): Ref {
  const part = { buffer: place.buffer, offset: place.offset + by, bytes };
  requireInside(part, place.offset, place.offset + place.bytes);
  return part;
}

/** Throws an Error unless a place lies between two bytes of its buffer. */
export function requireInside({ offset, bytes }: Ref, from: number, to: number): void {
  if (Number.isInteger(offset) && bytes >= 0 && offset >= from && offset + bytes <= to) return;
  throw new Error(`bytes ${offset} to ${offset + bytes} are not within ${from} to ${to}`);
}

/**
 * The places of values by numbered names: `x0`, `x1`, … for the name `x`; `shapeOf` gives the shape
 * that the kernel's loops cover of each.
 */
export function numberedRefs(
  lowering: Lowering,
  name: string,
  values: readonly Value[],
  shapeOf: (index: number) => Shape,
): Record<string, Ref> {
  return Object.fromEntries(
    values.map((value, i) => [name + i, lowering.ref(value, shapeOf(i))]),
  );
}

/** One region per thread: thread t's begins at `ref + t * stride`. */
export interface ThreadScratch {
  readonly ref: Ref;
  /** Bytes between the regions of neighbouring threads; depends only on the bytes requested. */
  readonly stride: number;
}

/**
 * The parameters that describe a thread's share, after the kernel's own: the thread's number, the
 * items to compute (from `first` to before `end`; possibly none), and whether this is the thread's
 * first call in the launch, 1 or 0. A thread's calls are in the order of the items.
 */
export const SHARE_PARAMETERS = ["thread", "first", "end", "isFirstCall"] as const;

/** A kernel function being written: i32 parameters (addresses, counts), then the share. */
export type KernelFunction<N extends string = never> = FunctionBuilder<
  Readonly<Record<N | typeof SHARE_PARAMETERS[number], "i32">>,
  "void"
>;

/** Functions that kernels call, such as an exponential; each is written into the module once. */
export interface FunctionLibrary {
  /** The function with this key, written now if it does not exist yet. */
  function<P extends ParameterTypes, R extends ResultType>(
    key: string,
    parameterTypes: P,
    resultType: R,
    build: (f: FunctionBuilder<P, R>) => void,
  ): Callable<P, R>;
}

/** A kernel, identified by its key; its code is written only when a module is built. */
export interface Kernel {
  readonly key: string;
  readonly parameters: readonly string[];
  /** Writes the function's body. */
  readonly build: (f: KernelFunction<string>, library: FunctionLibrary) => void;
}

/** How a launch accesses images. */
export interface ImageOperands<N extends string = string> {
  /** Number of images. The items belong to them in order, the same number to each. */
  readonly count: number;
  /**
   * Parameters whose places contain the images one after another, in the same number of bytes each.
   * An item touches only its own image's part of these places.
   */
  readonly operands: readonly NoInfer<N>[];
  /** Images below which a call is inefficient; default 1. */
  readonly least?: number;
}

/** One run of a kernel over a number of items, which are partitioned among the threads. */
export interface Launch<N extends string = string> {
  /**
   * The kernel's key. Kernels with equal keys are one function, so it names everything that the
   * code depends on: the family, shapes, options. Target and thread count are the same throughout a
   * module.
   */
  readonly kernel: string;
  /** Writes the kernel's body. */
  readonly build: (f: KernelFunction<N>, library: FunctionLibrary) => void;
  /**
   * The kernel's parameters, in order, with a place or a number for each. Memory lives from its first
   * launch to its last.
   */
  readonly args: Readonly<Record<N, Ref | number>>;
  /**
   * Parameters through which the kernel writes; through the others it only reads. This decides
   * where threads wait for each other.
   */
  readonly writes: readonly NoInfer<N>[];
  /** Number of items; default 1. */
  readonly items?: number;
  /**
   * Shares begin at multiples of this number of items; default 1. Those of images begin with one.
   */
  readonly grain?: number;
  /** Set if the items are parts of images. */
  readonly images?: ImageOperands<N>;
  /** What the launch does where a node has several, such as `partial sums`. */
  readonly detail?: string;
  /** Floating-point operations of all threads together, where it is worth counting. */
  readonly flops?: number;
}

/**
 * How exact sums must be. `fast`: convolutions may use Winograd's algorithm, with errors of about
 * 1e-5 of the largest magnitude; `high`: direct summation only, about 1e-6.
 */
export type Precision = "fast" | "high";

/**
 * How images are partitioned among the threads. `static`: each thread has the same ones in every
 * run, so that every run gives the same bits. `dynamic`: a thread takes a few more whenever it has
 * finished the last ones, so that no thread waits long for one that the system interrupts; sums
 * over images are then added in a different order every time.
 */
export type Partition = "static" | "dynamic";

/** What all programs of a compilation are compiled for. */
export interface CompileOptions {
  readonly target: Target;
  /** Threads that run every launch. */
  readonly threads: number;
  readonly partition: Partition;
  readonly precision: Precision;
}

/** What a family needs to lower a node. */
export interface Lowering extends Omit<CompileOptions, "partition"> {
  layout(value: Value): Layout;
  /**
   * Where a value is stored, for a kernel whose loops cover a tensor of this shape: that of the
   * geometry for which its code is written. Throws an Error if the value has another shape, or
   * elements of another width (default 4 bytes), so that no kernel reaches beyond the memory
   * planned for it.
   */
  ref(value: Value, covered: Shape, width?: number): Ref;
  /** Memory, 64-byte aligned and not zeroed, that lives from its first launch to its last. */
  scratch(bytes: number): Ref;
  /** As {@link scratch}, one region for each thread, on cache lines of its own. */
  threadScratch(bytes: number): ThreadScratch;
  /** Constant data, placed once for equal contents; 64-byte aligned. */
  table(data: Float32Array | Int32Array | Uint8Array): Ref;
  launch<N extends string>(launch: Launch<N>): void;
}
