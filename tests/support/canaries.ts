/**
 * Runs programs on the CPU backend's kernels with guard bytes around every buffer: writes outside
 * the buffers are detected, and reads before the first write give NaN.
 */
import type { TensorData } from "../../backends/backend.ts";
import { checkInputs } from "../../backends/inputs.ts";
import { type AddressMap, PAGE_BYTES } from "../../backends/wasm/addresses.ts";
import type { FormName } from "../../backends/wasm/forms.ts";
import type { Target } from "../../assembler/mod.ts";
import { emitModule, preparationExport, programExport } from "../../backends/wasm/emit.ts";
import type { MemoryBuffer, Ref } from "../../backends/wasm/kernel.ts";
import { lowerPrograms } from "../../backends/wasm/lower.ts";
import type { LoweredPrograms } from "../../backends/wasm/lowered_program.ts";
import { CONTROL_BYTES } from "../../backends/wasm/threads.ts";
import { type Program, sizeOf } from "../../graph/types.ts";
import { loadModule, memoryFor } from "./load_module.ts";

/** Minimum bytes between buffers; kernels may load, but not store, this far past one. */
const GUARD_BYTES = 256;
const GUARD = 0xa5;
/** NaN as f32. */
const UNWRITTEN = 0xff;

/**
 * One memory for all programs of a form: allocating one takes longer than running a small network.
 */
const MEMORY_BYTES = 2 ** 24;
const PAGES = MEMORY_BYTES / PAGE_BYTES;
const memories = new Map<FormName, WebAssembly.Memory>();

/**
 * The f32 outputs of a program without variables, computed by one thread in this form of code;
 * undefined for a program that needs more than 16 MiB. Throws an Error after a write outside all
 * buffers, and WebAssembly's error for an access outside the memory, which in native code ends the
 * process.
 */
export function runBetweenCanaries(
  program: Program,
  inputs: Readonly<Record<string, TensorData>>,
  target: Target,
  form: FormName = "wasm",
): Record<string, Float32Array> | undefined {
  checkInputs(program, inputs);
  const options = { target, threads: 1, precision: "fast", partition: "static" } as const;
  const lowered = lowerPrograms([program], options);
  const [own] = lowered.programs;
  const places = new GuardedPlaces(lowered);
  if (!places.fits) return undefined;
  const memory = memories.get(form) ?? memoryFor(form, PAGES, false);
  memories.set(form, memory);
  using module = loadModule(emitModule(lowered, places, options), memory, form);
  const { buffer } = memory, bytes = new Uint8Array(buffer);
  const step = (name: string) => {
    module.call(name, 0);
    places.check(bytes, name);
  };
  places.arm(bytes);
  for (const [buffer, table] of lowered.persistent.tables) bytes.set(table, places.start(buffer));
  step(preparationExport(own));
  for (const [name, { ref }] of own.inputs) {
    const { buffer, byteOffset, byteLength } = inputs[name];
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), places.address(ref));
  }
  step(programExport(own));
  return Object.fromEntries(Array.from(own.outputs, ([name, { type, ref }]) => [
    name,
    new Float32Array(buffer, places.address(ref), sizeOf(type.shape)).slice(),
  ]));
}

class GuardedPlaces implements AddressMap {
  readonly control = 0;
  readonly timingControl = 0;
  readonly fits: boolean;
  readonly totalBytes = MEMORY_BYTES;
  readonly variableBytes = 0;
  readonly temporaryBytes = 0;
  /** In order of address. */
  readonly #starts = new Map<MemoryBuffer, number>();
  readonly #end: number;

  constructor({ programs, persistent: { tables, prepared, inputs } }: LoweredPrograms) {
    const temporaries = programs.flatMap(({ preparation, main }) =>
      [...preparation.temporaries, ...main.temporaries].map(({ buffer }) => buffer)
    );
    let end = CONTROL_BYTES;
    for (const buffer of new Set([...tables.keys(), ...prepared, ...inputs, ...temporaries])) {
      const start = 64 * Math.ceil((end + GUARD_BYTES) / 64);
      this.#starts.set(buffer, start);
      end = start + buffer.bytes;
    }
    this.#end = end + GUARD_BYTES;
    this.fits = this.#end <= MEMORY_BYTES;
  }

  start(buffer: MemoryBuffer): number {
    const start = this.#starts.get(buffer);
    if (start === undefined) throw new Error("a buffer has no address");
    return start;
  }

  address({ buffer, offset }: Ref): number {
    return this.start(buffer) + offset;
  }

  arm(memory: Uint8Array): void {
    memory.fill(0, 0, CONTROL_BYTES);
    memory.fill(GUARD, CONTROL_BYTES, this.#end);
    for (const [{ bytes }, start] of this.#starts) memory.fill(UNWRITTEN, start, start + bytes);
  }

  check(memory: Uint8Array, step: string): void {
    let end = CONTROL_BYTES;
    for (const [{ bytes }, start] of [...this.#starts, [{ bytes: 0 }, this.#end] as const]) {
      const wrong = memory.subarray(end, start).findIndex((byte) => byte !== GUARD);
      if (wrong >= 0) throw new Error(`${step}: written outside every buffer, at ${end + wrong}`);
      end = start + bytes;
    }
  }
}
