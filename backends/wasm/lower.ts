/**
 * Lowering: from a program to the launches that compute it and the memory they need. Nothing is
 * allocated or emitted here, so a program's memory is known without compiling it.
 */
import { type ConstantAttributes, constantOp, inputOp } from "../../graph/leaves.ts";
import {
  formatShape,
  type GraphNode,
  type Program,
  sameShape,
  type Shape,
  type Value,
} from "../../graph/types.ts";
import type { Target } from "../../assembler/mod.ts";
import type {
  CompileOptions,
  Kernel,
  KernelFamily,
  Launch,
  Lowering,
  MemoryBuffer,
  Partition,
  Precision,
  Ref,
  ThreadScratch,
} from "./kernel.ts";
import { fuseEpilogues } from "./epilogues.ts";
import { CACHE_LINE, requireInside } from "./kernel.ts";
import { familyOf } from "./kernels/mod.ts";
import type {
  LoweredProgram,
  LoweredPrograms,
  PersistentBuffers,
  Port,
} from "./lowered_program.ts";
import { type LoweredLaunch, orderLaunches, splitConstant } from "./launch_order.ts";
import { isBalanced } from "./shares.ts";
import type { Access } from "./stages.ts";
import { launchCopy } from "./kernels/copy.ts";
import { elementBytes } from "../layout.ts";
import { ProgramLowering, variableSizes } from "../lowering.ts";
import { rangesOverlap, updatedRange, variableRangeOf } from "../placement.ts";

/**
 * Minimum work per thread and nanosecond, to estimate what is too little to share. Bench:
 * `bench/layers.ts`, `deno task kernel add --threads 1`.
 */
const FLOPS_PER_NANOSECOND = 20, BYTES_PER_NANOSECOND = 10;
/** Fusion rules: each tensor that a fused node reads takes one register of its loop. */
const RULES = { familyOf, fusion: { maxInputs: 8 }, fuse: fuseEpilogues };

/**
 * Lowers programs that share variables of equal names.
 *
 * @throws {InputError} if two programs have one name or disagree on a variable's size.
 */
export function lowerPrograms(
  programs: readonly Program[],
  options: CompileOptions,
): LoweredPrograms {
  const persistent: PersistentBuffers = {
    variables: new Map(
      Array.from(variableSizes(programs), ([name, size]) => [name, { bytes: 4 * size }]),
    ),
    inputs: [],
    tables: new Map(),
    prepared: [],
  };
  return {
    programs: programs.map((program) => new CpuLowering(program, persistent, options).run()),
    persistent,
  };
}

class CpuLowering extends ProgramLowering<MemoryBuffer, KernelFamily> implements Lowering {
  readonly target: Target;
  readonly threads: number;
  readonly precision: Precision;
  readonly #partition: Partition;
  readonly #launches: LoweredLaunch[] = [];
  readonly #temporaries = new Set<MemoryBuffer>();
  #op = "";
  #label = "";

  constructor(
    program: Program,
    readonly persistent: PersistentBuffers,
    { target, threads, precision, partition }: CompileOptions,
  ) {
    super(program, RULES, persistent.variables);
    this.#partition = partition;
    this.target = target;
    this.threads = threads;
    this.precision = precision;
  }

  run(): LoweredProgram {
    const inputs = new Map<string, Port>();
    for (const [name, value] of this.inputs()) {
      inputs.set(name, { type: value, ref: this.ref(value) });
    }
    this.lowerNodes((node, family) => {
      this.#describe(node);
      family.lower(node, this);
    });
    const outputs = this.#finish();
    const { tables, prepared } = this.persistent;
    const kept = new Set(Array.from(outputs.values(), ({ ref }) => ref.buffer));
    const { once, always } = splitConstant(
      this.#launches,
      (buffer) => tables.has(buffer),
      this.#temporaries,
    );
    const used = new Set(always.flatMap(({ accesses }) => accesses.map(({ ref }) => ref.buffer)));
    const written = new Set(once.flatMap(({ accesses }) => accesses.map(({ ref }) => ref.buffer)));
    const lasting = written.intersection(used.union(kept)).intersection(this.#temporaries);
    prepared.push(...lasting);
    const passing = this.#temporaries.difference(lasting);
    const threads = { count: this.threads, partition: this.#partition };
    return {
      name: this.program.name,
      source: this.program,
      preparation: orderLaunches(once, threads, passing, new Set()),
      main: orderLaunches(always, threads, passing, kept),
      inputs,
      outputs,
    };
  }

  override ref(value: Value, covered?: Shape, width = 4): Ref {
    const { shape, dtype } = value;
    if (covered && !(sameShape(shape, covered) && elementBytes(dtype) === width)) {
      throw new Error(
        `${this.#op}: a kernel for a tensor of ${formatShape(covered)}, ${width} bytes each, was ` +
          `given ${dtype} ${formatShape(shape)}`,
      );
    }
    return super.ref(value);
  }

  scratch(bytes: number): Ref {
    const buffer = { bytes };
    this.#temporaries.add(buffer);
    return { buffer, offset: 0, bytes };
  }

  threadScratch(bytes: number): ThreadScratch {
    const stride = (Math.ceil(bytes / CACHE_LINE) + 1) * CACHE_LINE;
    return { ref: this.scratch(stride * this.threads), stride };
  }

  table(data: Float32Array | Int32Array | Uint8Array): Ref {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (const [buffer, known] of this.persistent.tables) {
      if (known.length === bytes.length && known.every((byte, i) => byte === bytes[i])) {
        return { buffer, offset: 0, bytes: bytes.length };
      }
    }
    const buffer = { bytes: bytes.length };
    this.persistent.tables.set(buffer, bytes);
    return { buffer, offset: 0, bytes: bytes.length };
  }

  launch<N extends string>(launch: Launch<N>): void {
    const { kernel: key, args, build, items, grain = 1, detail, flops = 0 } = launch;
    const operands = Object.entries<Ref | number>(args);
    const written = new Set<string>(launch.writes);
    const images = launch.images && isBalanced(launch.images.count, this.threads)
      ? launch.images
      : undefined;
    const imageOperands = new Set<string>(images?.operands);
    const accesses = operands.flatMap(([name, ref]): Access[] =>
      typeof ref === "number" ? [] : [{
        ref,
        writes: written.has(name),
        images: imageOperands.has(name) ? images?.count : undefined,
      }]
    );
    for (const { ref } of accesses) requireInside(ref, 0, ref.buffer.bytes);
    const bytes = accesses.reduce((sum, { ref }) => sum + ref.bytes, 0);
    this.#launches.push({
      // The names are those of the function's parameters.
      kernel: { key, parameters: Object.keys(args), build: build as Kernel["build"] },
      args: operands.map(([, value]) => value),
      items,
      grain,
      images,
      op: this.#op,
      label: detail ? `${this.#label} ${detail}` : this.#label,
      flops,
      nanoseconds: flops / FLOPS_PER_NANOSECOND + bytes / BYTES_PER_NANOSECOND,
      accesses,
    });
  }

  #describe({ op, scope, outputs }: GraphNode): void {
    this.#op = op.name;
    const shapes = outputs.map(({ shape }) => formatShape(shape)).join(" ");
    this.#label = scope ? `${scope} ${shapes}` : shapes;
  }

  protected allocate(value: Value): Ref {
    const { op, attributes } = value.node;
    if (op === constantOp) {
      const { data } = attributes as ConstantAttributes;
      return this.table(data instanceof Float32Array ? data : Float32Array.from(data));
    }
    const { bytes } = this.layout(value);
    if (op !== inputOp) return this.scratch(bytes);
    const buffer = { bytes };
    this.persistent.inputs.push(buffer);
    return { buffer, offset: 0, bytes };
  }

  /**
   * Copies what could not be computed in place. A view of a variable that changes is saved first,
   * since every read sees the old elements.
   */
  #finish(): Map<string, Port> {
    const { outputs, updates } = this.program;
    this.#op = "copy";
    const saved = (value: Value): Ref => {
      const range = variableRangeOf(value);
      const changes = range &&
        updates.some((update) => rangesOverlap(updatedRange(update), range));
      if (!changes) return this.ref(value);
      const place = this.scratch(4 * range.size);
      this.#label = formatShape(value.shape);
      launchCopy(this, this.ref(value), place, 4 * range.size);
      return place;
    };
    const ports = new Map(
      Object.entries(outputs).map(([name, value]) => [name, { type: value, ref: saved(value) }]),
    );
    const copies = this.copiedUpdates.map((update) => ({
      range: updatedRange(update),
      from: saved(update.value),
    }));
    for (const { range, from } of copies) {
      const { variable, offset, size } = range;
      this.#label = `${variable}[${offset}, ${offset + size})`;
      launchCopy(this, from, this.rangeRef(range), 4 * size);
    }
    return ports;
  }
}
