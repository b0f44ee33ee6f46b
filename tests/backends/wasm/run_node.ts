/**
 * Runs one node on its kernels, without a program or workers: the threads of every launch take
 * turns. Memory starts as NaN, so that reads of unwritten memory show.
 */

import type { GraphNode, Value } from "../../../graph/types.ts";
import {
  call,
  type Callable,
  i32,
  ModuleBuilder,
  type ParameterTypes,
  type Target,
} from "../../../assembler/mod.ts";
import type { FormName } from "../../../backends/wasm/forms.ts";
import {
  type FunctionLibrary,
  type KernelFamily,
  type KernelFunction,
  type Launch,
  type Lowering,
  type MemoryBuffer,
  type Ref,
  SHARE_PARAMETERS,
} from "../../../backends/wasm/kernel.ts";
import { loadModule, memoryFor } from "../../support/load_module.ts";
import { isBalanced, shareOf } from "../../../backends/wasm/shares.ts";
import { type Layout, layoutOf, type Order } from "../../../backends/layout.ts";

/** Maximum floats of memory for the check that launches write only where they say. */
const CHECKED_FLOATS = 1 << 18;

/** Memories of disposed nodes, by form and pages: allocating one takes longer than a run. */
const freeMemories: Record<FormName, WebAssembly.Memory[][]> = { wasm: [], avx2: [], avx512: [] };

/** A node's launches, ready to run any number of times until they are disposed of. */
export interface RunnableNode extends Disposable {
  /** Writes an input, row-major in its shape. */
  write(value: Value, data: ArrayLike<number>): void;
  /** An output, row-major in its shape. */
  read(value: Value): Float64Array;
  /** The contents of a value's padding lanes. */
  readPadding(value: Value): number[];
  /** Runs every launch for every thread. */
  run(): void;
  /** The launches, each as a call for one thread. */
  readonly launches: readonly {
    readonly launch: Launch;
    readonly call: (thread: number) => void;
  }[];
}

/** Lowers a node and places it in a memory of its own. */
export function runnableNode(
  family: KernelFamily,
  node: GraphNode,
  target: Target,
  threads: number,
  form: FormName = "wasm",
): RunnableNode {
  const plain = (values: readonly Value[]): Order[] => values.map(() => "plain");
  const orders = family.orders?.(node, plain(node.inputs)) ??
    { inputs: plain(node.inputs), outputs: plain(node.outputs) };
  const layouts = new Map<Value, Layout>();
  node.inputs.forEach((value, i) => layouts.set(value, layoutOf(value, orders.inputs[i])));
  node.outputs.forEach((value, i) => layouts.set(value, layoutOf(value, orders.outputs[i])));
  const layout = (value: Value): Layout => {
    const found = layouts.get(value);
    if (!found) throw new Error("the kernel asked for a value that is not its node's");
    return found;
  };

  let top = 4096;
  const addresses = new Map<MemoryBuffer, number>();
  const allocate = (bytes: number): Ref => {
    const buffer = { bytes };
    addresses.set(buffer, top);
    top = (top + bytes + 127) & ~63;
    return { buffer, offset: 0, bytes };
  };
  const values = new Map([...layouts].map(([value, { bytes }]) => [value, allocate(bytes)]));
  const ref = (value: Value): Ref => values.get(value) ?? allocate(0);
  const tables: { ref: Ref; data: Float32Array | Int32Array | Uint8Array }[] = [];
  const launches: Launch[] = [];
  const lowering: Lowering = {
    target,
    threads,
    precision: "fast",
    layout,
    ref,
    scratch: allocate,
    threadScratch(bytes) {
      const stride = (bytes + 127) & ~63;
      return { ref: allocate(threads * stride), stride };
    },
    table(data) {
      const ref = allocate(data.byteLength);
      tables.push({ ref, data });
      return ref;
    },
    launch: (launch) => launches.push(launch as unknown as Launch),
  };
  family.lower(node, lowering);

  const module = new ModuleBuilder();
  const functions = new Map<string, unknown>();
  const library: FunctionLibrary = {
    function(key, parameterTypes, resultType, build) {
      const known = functions.get(key);
      if (known) {
        return known as ReturnType<
          typeof library.function<typeof parameterTypes, typeof resultType>
        >;
      }
      const f = module.function(key, parameterTypes, resultType);
      functions.set(key, f);
      build(f);
      return f;
    },
  };
  const kernels = new Map<string, Callable<ParameterTypes, "void">>();
  const address = (at: Ref) => (addresses.get(at.buffer) ?? 0) + at.offset;
  launches.forEach((launch, i) => {
    const { kernel: name, args, build } = launch;
    const types = Object.fromEntries(
      [...Object.keys(args), ...SHARE_PARAMETERS].map((name) => [name, "i32" as const]),
    );
    const kernel = kernels.get(name) ?? module.function(name, types);
    if (!kernels.has(name)) build(kernel as unknown as KernelFunction<string>, library);
    kernels.set(name, kernel);
    const values = Object.entries(args).map(([name, value]) =>
      [name, typeof value === "number" ? value : address(value)] as const
    );
    const f = module.function(`launch ${i}`, { thread: "i32" });
    for (let thread = 0; thread < threads; thread++) {
      f.if(
        i32.eq(f.parameters.thread, thread),
        () =>
          sharesOf(launch, thread, threads).forEach(([first, end], i) => {
            const share = { thread, first, end, isFirstCall: i === 0 ? 1 : 0 };
            f.emit(call(kernel, { ...Object.fromEntries(values), ...share }));
          }),
      );
    }
    module.export(f);
  });
  const pages = Math.ceil(top / 65536) + 1, free = freeMemories[form][pages] ??= [];
  const memory = free.pop() ?? memoryFor(form, pages, true);
  const floats = new Float32Array(memory.buffer);
  floats.fill(NaN);
  const views = {
    f32: floats,
    i32: new Int32Array(memory.buffer),
    u8: new Uint8Array(memory.buffer),
  };
  for (const { ref, data } of tables) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    new Uint8Array(memory.buffer).set(bytes, address(ref));
  }
  const loaded = loadModule(module.build(), memory, form);
  const calls = launches.map((launch, i) => ({
    launch,
    call: (thread: number) => loaded.call(`launch ${i}`, thread),
  }));
  const words = new Int32Array(memory.buffer, 0, Math.ceil(top / 4));
  const checkWrites = (before: Int32Array, { kernel, args, writes }: Launch) => {
    const ranges = writes.flatMap((name) => {
      const ref = args[name];
      return typeof ref === "number" ? [] : [[address(ref), address(ref) + ref.bytes]];
    });
    // A loop: `findIndex` with a function takes longer than the kernels.
    for (let word = 0; word < words.length; word++) {
      if (words[word] === before[word]) continue;
      const at = 4 * word;
      if (ranges.some(([from, to]) => at + 4 > from && at < to)) continue;
      throw new Error(`${kernel} writes at ${at}, where it says not to`);
    }
  };
  return {
    [Symbol.dispose]() {
      loaded[Symbol.dispose]();
      free.push(memory);
    },
    launches: calls,
    run() {
      for (const { launch, call } of calls) {
        const before = floats.length <= CHECKED_FLOATS ? words.slice() : undefined;
        for (let thread = 0; thread < threads; thread++) call(thread);
        if (before) checkWrites(before, launch);
      }
    },
    write(value, data) {
      const view = views[value.dtype];
      const at = address(ref(value)) / view.BYTES_PER_ELEMENT;
      // Padding lanes: any number will do, but indices must stay indices.
      view.fill(value.dtype === "f32" ? 0.5 : 0, at, at + layout(value).elements);
      forEachElement(layout(value), (i, place) => view[at + place] = data[i]);
    },
    read(value) {
      const view = views[value.dtype];
      const at = address(ref(value)) / view.BYTES_PER_ELEMENT;
      const data = new Float64Array(
        layout(value).batch * layout(value).channels * layout(value).pixels,
      );
      forEachElement(layout(value), (i, place) => data[i] = view[at + place]);
      return data;
    },
    readPadding(value) {
      const at = address(ref(value)) / 4;
      const real = new Set<number>();
      forEachElement(layout(value), (_, place) => real.add(place));
      return Array.from({ length: layout(value).elements }, (_, place) => place)
        .filter((place) => !real.has(place))
        .map((place) => floats[at + place]);
    },
  };
}

/** The ranges a thread is called with: its share, in two chunks if it has several images. */
function sharesOf(
  { items, grain = 1, images }: Launch,
  thread: number,
  threads: number,
): readonly (readonly [number, number])[] {
  if (items === undefined) return thread === 0 ? [[0, 1]] : [];
  if (!images || !isBalanced(images.count, threads)) {
    const { first, end } = shareOf(thread, threads, items, grain);
    return [[Number(first), Number(end)]];
  }
  const { first, end } = shareOf(thread, threads, images.count, 1);
  const middle = Math.ceil((Number(first) + Number(end)) / 2);
  return [[first, middle], [middle, end]]
    .map(([from, to]) => [Number(from), Number(to)] as const)
    .filter(([from, to], i) => i === 0 || from < to)
    .map(([from, to]) => [from * items / images.count, to * items / images.count] as const);
}

/** Visits the elements of a value: row-major index in its shape, and index in memory. */
function forEachElement(layout: Layout, visit: (index: number, place: number) => void): void {
  const { order, batch, channels, paddedChannels, pixels } = layout;
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) {
        const index = (n * channels + c) * pixels + p;
        visit(index, order === "plain" ? index : (n * pixels + p) * paddedChannels + c);
      }
    }
  }
}
