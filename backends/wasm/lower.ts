/**
 * Lowering: from a program to the phases that compute it and the memory they need. Nothing is
 * allocated or emitted here, so that the memory of a program can be told without compiling it.
 */
import { InputError } from "../../errors.ts";
import {
  type ConstantAttributes,
  constantOp,
  type InputAttributes,
  inputOp,
  isLeaf,
  variableOp,
} from "../../graph/leaves.ts";
import { optimize } from "../../graph/passes/mod.ts";
import { formatShape, type GraphNode, type Program, type Value } from "../../graph/types.ts";
import type { Target } from "./assembler/mod.ts";
import type {
  CompileOptions,
  Kernel,
  Lowering,
  MemoryBuffer,
  Phase,
  Precision,
  Ref,
  ShareSchedule,
  ThreadScratch,
} from "./kernel.ts";
import { fuseEpilogues } from "./epilogues.ts";
import { advance, CACHE_LINE } from "./kernel.ts";
import { familyOf } from "./kernels/mod.ts";
import type {
  LoweredProgram,
  LoweredPrograms,
  PersistentBuffers,
  Port,
} from "./lowered_program.ts";
import { type LoweredPhase, schedulePhases, splitConstant } from "./schedule.ts";
import { isBalanced } from "./shares.ts";
import type { Access } from "./stages.ts";
import { copyPhase } from "./kernels/copy.ts";
import { assignLayouts, type LaidOutProgram, type Layout, layoutOf } from "../layout.ts";
import {
  isAlias,
  type Placement,
  placeValues,
  rangesOverlap,
  sourceOf,
  updatedRange,
  variableRangeOf,
} from "../placement.ts";

/** What a thread does at least in a nanosecond, for a guess at what is too little to share. */
const FLOPS_PER_NANOSECOND = 20, BYTES_PER_NANOSECOND = 10;
/** Most tensors a fused node reads: each is an address that its loop keeps in a register. */
const MAX_FUSED_INPUTS = 8;

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
    variables: new Map(),
    inputs: [],
    tables: new Map(),
    prepared: [],
  };
  const names = new Set<string>();
  for (const { name, variables } of programs) {
    if (names.has(name)) throw new InputError(`two programs are called ${name}`);
    names.add(name);
    for (const { name, size } of variables) {
      const known = persistent.variables.get(name);
      if (known && known.bytes !== 4 * size) {
        throw new InputError(
          `variable ${name} has ${known.bytes / 4} elements in one program and ${size} in another`,
        );
      }
      if (!known) persistent.variables.set(name, { bytes: 4 * size });
    }
  }
  return {
    programs: programs.map((program) => new ProgramLowering(program, persistent, options).run()),
    persistent,
  };
}

class ProgramLowering implements Lowering {
  readonly target: Target;
  readonly threads: number;
  readonly precision: Precision;
  readonly #shares: ShareSchedule;
  readonly #laidOut: LaidOutProgram;
  readonly #placement: Placement;
  readonly #phases: LoweredPhase[] = [];
  readonly #inputs = new Map<string, Port>();
  readonly #buffers = new Map<Value, Ref>();
  readonly #temporaries = new Set<MemoryBuffer>();
  #op = "";
  #label = "";

  constructor(
    program: Program,
    readonly persistent: PersistentBuffers,
    { target, threads, precision, schedule }: CompileOptions,
  ) {
    this.#shares = schedule;
    this.target = target;
    this.threads = threads;
    this.precision = precision;
    this.#laidOut = assignLayouts(
      fuseEpilogues(optimize(program, { maxInputs: MAX_FUSED_INPUTS })),
      (node, available) => {
        const family = isLeaf(node.op) || node.op.viewOffset ? undefined : familyOf(node);
        return family?.orders?.(node, available) ?? {
          inputs: node.inputs.map(() => "plain"),
          outputs: node.outputs.map(() => "plain"),
        };
      },
    );
    this.#placement = placeValues(this.#laidOut);
  }

  run(): LoweredProgram {
    const { program } = this.#laidOut;
    for (const node of program.nodes) {
      if (node.op === inputOp) this.#input(node);
      if (isLeaf(node.op) || isAlias(node)) continue;
      this.#describe(node);
      familyOf(node).lower(node, this);
    }
    const outputs = this.#finish();
    const { tables, prepared } = this.persistent;
    const kept = new Set(Array.from(outputs.values(), ({ ref }) => ref.buffer));
    const { once, always } = splitConstant(
      this.#phases,
      (buffer) => tables.has(buffer),
      this.#temporaries,
    );
    const used = new Set(always.flatMap(({ accesses }) => accesses.map(({ ref }) => ref.buffer)));
    const written = new Set(once.flatMap(({ accesses }) => accesses.map(({ ref }) => ref.buffer)));
    const lasting = written.intersection(used.union(kept)).intersection(this.#temporaries);
    prepared.push(...lasting);
    const passing = this.#temporaries.difference(lasting);
    const threads = { count: this.threads, schedule: this.#shares };
    return {
      name: program.name,
      source: program,
      preparation: schedulePhases(once, threads, passing, new Set()),
      schedule: schedulePhases(always, threads, passing, kept),
      inputs: this.#inputs,
      outputs,
    };
  }

  layout(value: Value): Layout {
    return layoutOf(value, this.#laidOut.orders.get(value) ?? "plain");
  }

  ref(value: Value): Ref {
    const { value: source, offset } = sourceOf(value);
    let ref = this.#buffers.get(source);
    if (!ref) this.#buffers.set(source, ref = this.#locate(source));
    return { ...advance(ref, offset), bytes: this.layout(value).bytes };
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

  phase<N extends string>(phase: Phase<N>): void {
    const { kernel: key, args, build, items, grain = 1, detail, flops = 0 } = phase;
    const operands = Object.entries<Ref | number>(args);
    const written = new Set<string>(phase.writes);
    const images = phase.images && isBalanced(phase.images.count, this.threads)
      ? phase.images
      : undefined;
    const imageOperands = new Set<string>(images?.operands);
    const accesses = operands.flatMap(([name, ref]): Access[] =>
      typeof ref === "number" ? [] : [{
        ref,
        writes: written.has(name),
        images: imageOperands.has(name) ? images?.count : undefined,
      }]
    );
    const bytes = accesses.reduce((sum, { ref }) => sum + ref.bytes, 0);
    this.#phases.push({
      // The names were those of the function's parameters.
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

  #input(node: GraphNode): void {
    const { name } = node.attributes as InputAttributes;
    const [value] = node.outputs;
    if (this.#inputs.has(name)) throw new InputError(`two inputs are called ${name}`);
    const { bytes } = this.layout(value);
    const ref = { buffer: { bytes }, offset: 0, bytes };
    this.persistent.inputs.push(ref.buffer);
    this.#inputs.set(name, { type: value, ref });
    this.#buffers.set(value, ref);
  }

  /** Where a value that is no view goes. */
  #locate(value: Value): Ref {
    const { op, attributes } = value.node;
    if (op === constantOp) {
      const { data } = attributes as ConstantAttributes;
      return this.table(data instanceof Float32Array ? data : Float32Array.from(data));
    }
    if (op === variableOp) return this.#variable(attributes.variable, attributes.offset);
    const destination = this.#placement.destinations.get(value);
    if (destination?.kind === "variable") {
      return this.#variable(destination.range.variable, destination.range.offset);
    }
    if (destination) {
      return advance(this.ref(destination.place.value), destination.place.offset);
    }
    return this.scratch(this.layout(value).bytes);
  }

  #variable(name: string, offset: number): Ref {
    const buffer = this.persistent.variables.get(name);
    if (!buffer) throw new InputError(`the program reads ${name}, which is none of its variables`);
    return { buffer, offset: 4 * offset, bytes: buffer.bytes - 4 * offset };
  }

  /**
   * Copies what could not be computed in place. What is a view of a variable that changes is saved
   * first, since every read sees the old elements.
   */
  #finish(): Map<string, Port> {
    const { program } = this.#laidOut;
    this.#op = "copy";
    const saved = (value: Value): Ref => {
      const range = variableRangeOf(value);
      const changes = range &&
        program.updates.some((update) => rangesOverlap(updatedRange(update), range));
      if (!changes) return this.ref(value);
      const place = this.scratch(4 * range.size);
      this.#label = formatShape(value.shape);
      copyPhase(this, this.ref(value), place, 4 * range.size);
      return place;
    };
    const outputs = new Map(
      Object.entries(program.outputs).map(([name, value]) => [
        name,
        { type: value, ref: saved(value) },
      ]),
    );
    const copies = this.#placement.copiedUpdates.map((update) => ({
      update,
      from: saved(update.value),
    }));
    for (const { update, from } of copies) {
      const { variable, offset, size } = updatedRange(update);
      this.#label = `${variable}[${offset}, ${offset + size})`;
      const to = { ...this.#variable(variable, offset), bytes: 4 * size };
      copyPhase(this, from, to, 4 * size);
    }
    return outputs;
  }
}
