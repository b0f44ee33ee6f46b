/**
 * What a kernel family is: the interface between the kernels and the driver that compiles programs.
 *
 * A family lowers a node to launches. A launch is a number of items, units of work of equal size, and
 * an emitted function that does some of them. The driver shares the items out among the threads, and
 * all meet at a barrier before a launch begins that touches what this one writes, or writes what it
 * touches. Where items are parts of images, a thread has the same images in every launch; it need not
 * wait for others then, and takes the images a few at a time through one launch after another while
 * they are in its cache. Shapes are constants of the emitted code; addresses and the share are its
 * parameters, so nodes of equal shapes share one function.
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

/** Memory of one purpose; its address is decided once the whole program is lowered. */
export interface MemoryBuffer {
  readonly bytes: number;
}

/** Bytes of a cache line: what different threads write is at least so far apart. */
export const CACHE_LINE = 64;

/** Where an operand is stored. Kernels may load past its end; those bytes do not count. */
export type Ref = Place<MemoryBuffer>;

/** The rest of a place some bytes further on, or `bytes` of it. Throws an Error if it has fewer. */
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
 * Where values lie, by numbered names: `x0`, `x1`, … for the name `x`; `shapeOf` says what shape the
 * kernel takes each for.
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
  /** Bytes between the regions of neighbouring threads; depends only on the bytes asked for. */
  readonly stride: number;
}

/**
 * What every kernel is told of its share, after its own parameters: the thread's number, the items to
 * do (from `first` to before `end`; there may be none), and whether this is the thread's first call
 * in the launch, 1 or 0. A thread's calls are in the order of the items.
 */
export const SHARE_PARAMETERS = ["thread", "first", "end", "opens"] as const;

/** A kernel function being written: i32 parameters (addresses, counts), then the share. */
export type KernelFunction<N extends string = never> = FunctionBuilder<
  Readonly<Record<N | typeof SHARE_PARAMETERS[number], "i32">>,
  "void"
>;

/** Functions that kernels call, such as an exponential; each is written into the module once. */
export interface FunctionLibrary {
  /** The function known by this key, written now if it is not yet. */
  function<P extends ParameterTypes, R extends ResultType>(
    key: string,
    parameterTypes: P,
    resultType: R,
    build: (f: FunctionBuilder<P, R>) => void,
  ): Callable<P, R>;
}

/** A kernel, known by its key; its code is written only when a module is built. */
export interface Kernel {
  readonly key: string;
  readonly parameters: readonly string[];
  /** Writes the function's body. */
  readonly build: (f: KernelFunction<string>, library: FunctionLibrary) => void;
}

/** What a launch does to images. */
export interface ImageOperands<N extends string = string> {
  /** How many images: the items are theirs, equally many each, image after image. */
  readonly count: number;
  /**
   * Parameters whose places hold the images one after another, in equally many bytes each. Of these
   * places an item touches its own image's part only.
   */
  readonly operands: readonly NoInfer<N>[];
  /** Images below which a call is inefficient; default 1. */
  readonly least?: number;
}

/** Items done by a kernel, shared out among the threads. */
export interface Launch<N extends string = string> {
  /**
   * The kernel's key. Kernels of equal key are one function, so it names everything the code depends
   * on: the family, shapes, options. Target and thread count are the same in all of a module.
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
   * Parameters through which the kernel writes; through the others it only reads. Where threads wait
   * for each other depends on it.
   */
  readonly writes: readonly NoInfer<N>[];
  /** How many items; default 1. */
  readonly items?: number;
  /** Shares begin at multiples of so many items; default 1. Those of images begin with an image. */
  readonly grain?: number;
  /** Where the items are parts of images. */
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
 * How images are shared out among the threads. `static`: the same to each in every run, so that every
 * run gives the same bits. `dynamic`: a thread takes a few whenever it is done with the last ones, so
 * that none waits long for one that the system interrupts; sums over images are then added up in
 * another order every time.
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

/** What a family lowers a node with. */
export interface Lowering extends Omit<CompileOptions, "partition"> {
  /** How a value lies in memory. */
  layout(value: Value): Layout;
  /**
   * Where a value lies, for a kernel whose loops cover a tensor of this shape: that of the geometry
   * its code is written for. Throws an Error if the value has another, or elements of another width
   * (default 4 bytes), so that no kernel reaches beyond the memory that is planned for it.
   */
  ref(value: Value, covered: Shape, width?: number): Ref;
  /** Memory, 64-byte aligned and not zeroed, that lives from its first launch to its last. */
  scratch(bytes: number): Ref;
  /** As {@link scratch}, one region for each thread, on cache lines of its own. */
  threadScratch(bytes: number): ThreadScratch;
  /** Constant data, placed once for equal contents; 64-byte aligned. */
  table(data: Float32Array | Int32Array | Uint8Array): Ref;
  /** Appends a launch. */
  launch<N extends string>(launch: Launch<N>): void;
}
