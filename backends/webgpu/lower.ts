/**
 * From a program to dispatches: assigns layouts, asks the kernel families for dispatches and
 * resolves the addresses of their operands. Nothing here needs a device.
 */
import { constantOp, inputOp, isLeaf } from "../../graph/leaves.ts";
import type { FuseOptions } from "../../graph/passes/mod.ts";
import type { GraphNode, Program, Value } from "../../graph/types.ts";
import { convertLayoutOp, ordersCoincide } from "../layout.ts";
import { ProgramLowering, variableSizes } from "../lowering.ts";
import { sourceOf, updatedRange } from "../placement.ts";
import {
  type ConstantData,
  type DispatchRequest,
  type ElementType,
  itemGrid,
  type ItemRequest,
  type KernelFamily,
  type Lowering,
  type MemoryBuffer,
  type Operand,
  POOLED_BYTES,
  type Ref,
  type Variant,
} from "./kernel.ts";
import { familyOf } from "./kernels/mod.ts";
import { copyDispatch } from "./kernels/copy.ts";
import { fitOperands } from "./operands.ts";
import type {
  LoweredDispatch,
  LoweredProgram,
  TunableKernel,
  VariableBuffers,
} from "./lowered_program.ts";
import { mergeDispatches } from "./merge_dispatches.ts";
import { BINDING_ALIGNMENT } from "./shader.ts";
import { kernelKey, NO_TUNING, type Tuning } from "./tuning.ts";

/** Most tensors that a fused node reads, of few bindings: `deno task bench CONFIG --cost`. */
export const FUSION: FuseOptions = { maxInputs: 8 };

/**
 * Memory for the variables of some programs. Throws InputError if sizes disagree or two programs
 * have the same name.
 */
export function variableBuffers(programs: readonly Program[]): VariableBuffers {
  const sizes = variableSizes(programs);
  return new Map(
    Array.from(sizes, ([label, size]) => [label, { bytes: 4 * size, kind: "variable", label }]),
  );
}

/** The dispatches of a program, with the kernel variants that the tuning names. */
export function lowerProgram(
  program: Program,
  variables: VariableBuffers,
  tuning: Tuning = NO_TUNING,
  options: LoweringOptions = {},
): LoweredProgram {
  return new WebGpuLowering(program, variables, tuning, options).finish();
}

/** Options of {@link lowerProgram}. */
export interface LoweringOptions {
  /** Whether feature maps are stored with 16 bits per number. Default false. */
  readonly halfActivations?: boolean;
  /** Most storage buffers per shader; fused ops are split to stay below. Default: no limit. */
  readonly maxStorageBuffers?: number;
  /** Whether the adapter is software. Default false. */
  readonly software?: boolean;
}

/** A buffer that grows while a program is lowered. */
interface Pool extends MemoryBuffer {
  bytes: number;
}

class WebGpuLowering extends ProgramLowering<MemoryBuffer, KernelFamily> implements Lowering {
  readonly software: boolean;
  readonly #options: LoweringOptions;
  readonly #source: Program;
  readonly #pools = new Map<string, Pool>();
  readonly #scalars: Pool = { bytes: 0, kind: "input", label: "scalars" };
  readonly #constants = new Map<MemoryBuffer, ConstantData>();
  readonly #derived = new Map<Value, Map<string, Ref>>();
  readonly #dispatches: LoweredDispatch[] = [];
  readonly #tuning: Tuning;
  readonly #tunable: TunableKernel[] = [];
  #label = "";
  #node: GraphNode | undefined;

  constructor(
    program: Program,
    variables: VariableBuffers,
    tuning: Tuning,
    options: LoweringOptions,
  ) {
    const fusion = { ...FUSION, maxTensors: options.maxStorageBuffers };
    super(program, { familyOf, fusion }, variables);
    this.#options = options;
    this.software = options.software ?? false;
    this.#source = program;
    this.#tuning = tuning;
  }

  finish(): LoweredProgram {
    const inputs = new Map(Array.from(this.inputs(), ([name, value]) => [name, this.ref(value)]));
    this.lowerNodes((node, family) => {
      this.#label = node.scope === "" ? node.op.name : `${node.scope} ${node.op.name}`;
      this.#node = node;
      family.lower(node, this);
    });
    this.#label = "update";
    const copies = this.copiedUpdates.map((update) => ({
      source: this.#outsideVariables(this.ref(update.value)),
      target: this.rangeRef(updatedRange(update)),
    }));
    return {
      name: this.#source.name,
      program: this.#source,
      dispatches: mergeDispatches(this.#dispatches),
      inputs,
      constants: this.#constants,
      outputs: Object.fromEntries(
        Object.entries(this.program.outputs).map(([name, value]) => [name, this.ref(value)]),
      ),
      copies,
      tunable: this.#tunable,
    };
  }

  pooled(bytes: number, label: string): Ref {
    if (bytes > POOLED_BYTES) return this.scratch(bytes, label);
    const pool: Pool = this.#pools.get(label) ?? { bytes: 0, kind: "temporary", label };
    this.#pools.set(label, pool);
    return placeIn(pool, bytes);
  }

  scratch(bytes: number, label: string): Ref {
    return whole({ bytes: roundUp(bytes), kind: "temporary", label: `${this.#label}: ${label}` });
  }

  table(data: ConstantData): Ref {
    const buffer: MemoryBuffer = { bytes: data.byteLength, kind: "constant", label: this.#label };
    this.#constants.set(buffer, data);
    return whole(buffer);
  }

  derived(value: Value, form: string, make: () => Ref): Ref {
    const { value: source, offset } = sourceOf(value);
    const forms = this.#derived.get(source) ?? new Map<string, Ref>();
    this.#derived.set(source, forms);
    const key = `${form} ${value.shape.join("x")} at ${offset}`;
    const ref = forms.get(key) ?? make();
    forms.set(key, ref);
    return ref;
  }

  choose<V extends Variant>(variants: readonly V[]): V {
    if (!this.#node) throw new Error("variants were offered outside a node");
    const key = kernelKey(this.#node);
    const tuned = this.#tuning.get(key);
    const names = variants.map(({ name }) => name);
    this.#tunable.push({ key, node: this.#node, variants: names, tuned });
    return variants.find(({ name }) => name === tuned) ?? variants[0];
  }

  copy(source: Ref, target: Ref): void {
    this.#dispatches.push({ ...copyDispatch(source, target), label: this.#label });
  }

  eachItem(request: ItemRequest): void {
    this.dispatch({ ...request, ...itemGrid(request.items) });
  }

  dispatch({ reads = {}, writes, ...rest }: DispatchRequest): void {
    const operands: Record<string, Operand> = {};
    let { wgsl } = rest;
    for (const [byType, write] of [[reads, false], [writes, true]] as const) {
      for (const type of Object.keys(byType) as ElementType[]) {
        for (const [name, place] of Object.entries(byType[type]!)) {
          const ref = place && ("node" in place ? this.ref(place) : place);
          if (ref) operands[name] = { ref, type, write };
          else wgsl = `fn ${name}(i: u32) -> ${type} { return ${type}(); }\n${wgsl}`;
        }
      }
    }
    const dispatch = { ...rest, operands, wgsl };
    const fitted = fitOperands(dispatch, (bytes) => this.#copyMemory(bytes));
    for (const part of fitted) this.#dispatches.push({ ...part, label: this.#label });
  }

  protected allocate(value: Value): Ref {
    const { op } = value.node;
    const { bytes } = this.layout(value);
    if (op === inputOp && value.shape.length === 0) return placeIn(this.#scalars, bytes);
    if (!isLeaf(op) && this.familyOf(value.node).pooled) return this.pooled(bytes, "small values");
    return { buffer: this.#makeBuffer(value), offset: 0, bytes };
  }

  #makeBuffer(value: Value): MemoryBuffer {
    const { op, attributes, scope } = value.node;
    const half = this.#isHalf(value);
    const { bytes } = this.layout(value);
    const kind = op === inputOp ? "input" : op === constantOp ? "constant" : "temporary";
    const buffer: MemoryBuffer = {
      bytes: roundUp(half ? bytes / 2 : bytes),
      kind,
      label: scope === "" ? op.name : `${scope} ${op.name}`,
      half,
    };
    if (kind === "constant") this.#constants.set(buffer, Float32Array.from(attributes.data));
    return buffer;
  }

  /**
   * Whether a value is a feature map: those are large, and only kernels read this order. The
   * program's inputs stay at 32 bits: only the network may choose the range of its numbers.
   */
  #isHalf(value: Value): boolean {
    const { op, inputs } = value.node;
    const isInput = op === convertLayoutOp && isLeaf(inputs[0].node.op);
    return this.#options.halfActivations === true && value.dtype === "f32" && !isInput &&
      this.layout(value).order === "channelsLast" && !ordersCoincide(value);
  }

  /** The same memory, or a copy if a variable stores it: WebGPU copies only between buffers. */
  #outsideVariables(ref: Ref): Ref {
    if (ref.buffer.kind !== "variable") return ref;
    const copy = this.#copyMemory(ref.bytes);
    this.copy(ref, copy);
    return copy;
  }

  /** Memory for a copy of exactly this number of bytes. */
  #copyMemory(bytes: number): Ref {
    return { ...this.scratch(bytes, "copy"), bytes };
  }
}

/** The next place in a pool; it begins where bindings may, so that no base is needed. */
function placeIn(pool: Pool, bytes: number): Ref {
  const offset = pool.bytes;
  pool.bytes += Math.ceil(bytes / BINDING_ALIGNMENT) * BINDING_ALIGNMENT;
  return { buffer: pool, offset, bytes };
}

function whole(buffer: MemoryBuffer): Ref {
  return { buffer, offset: 0, bytes: buffer.bytes };
}

function roundUp(bytes: number): number {
  return Math.max(16, Math.ceil(bytes / 16) * 16);
}
