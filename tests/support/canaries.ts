/** Runs of a program's emitted code in which every buffer lies apart, between numbers that must stay. */
import type { TensorData } from "../../backends/backend.ts";
import { type AddressMap, PAGE_BYTES } from "../../backends/wasm/addresses.ts";
import { emitModule, preparationExport, programExport } from "../../backends/wasm/emit.ts";
import type { MemoryBuffer } from "../../backends/wasm/kernel.ts";
import { lowerPrograms } from "../../backends/wasm/lower.ts";
import type { LoweredPrograms, Port } from "../../backends/wasm/lowered_program.ts";
import { CONTROL_BYTES } from "../../backends/wasm/threads.ts";
import { programInputs } from "../../graph/leaves.ts";
import { type Program, sizeOf } from "../../graph/types.ts";

/** Bytes between the buffers, and what they hold. */
const GAP = 4096, CANARY = 0xa5;

/** What is compiled for: one thread, so that nothing need be awaited. */
const OPTIONS = {
  target: { wide: 1, relaxedSimd: false },
  threads: 1,
  precision: "fast",
  schedule: "static",
} as const;

/** More memory than a run is worth. */
const MAX_BYTES = 2 ** 26;

function buffersOf({ programs, persistent }: LoweredPrograms): Set<MemoryBuffer> {
  const { tables, prepared, inputs, variables } = persistent;
  const temporaries = programs.flatMap(({ preparation, schedule }) =>
    [...preparation.temporaries, ...schedule.temporaries].map(({ buffer }) => buffer)
  );
  return new Set([...tables.keys(), ...prepared, ...inputs, ...variables.values(), ...temporaries]);
}

/**
 * Runs a program once on the CPU backend's code, all inputs zero but for bytes, which are noise. Gives
 * the outputs; nothing where the program needs more than {@link MAX_BYTES}. Throws an Error where
 * something is written outside of all buffers, and what WebAssembly throws for an access outside of
 * the memory.
 */
export function runBetweenCanaries(program: Program): Map<string, TensorData> | undefined {
  const lowered = lowerPrograms([program], OPTIONS);
  const [{ inputs, outputs }] = lowered.programs;
  const starts = new Map<MemoryBuffer, number>();
  let end = CONTROL_BYTES + GAP;
  for (const buffer of buffersOf(lowered)) {
    starts.set(buffer, Math.ceil(end / 64) * 64);
    end = starts.get(buffer)! + buffer.bytes + GAP;
  }
  const totalBytes = Math.ceil(end / PAGE_BYTES) * PAGE_BYTES;
  if (!(totalBytes <= MAX_BYTES)) return undefined;
  const addresses: AddressMap = {
    control: 0,
    address: ({ buffer, offset }) => starts.get(buffer)! + offset,
    fits: true,
    totalBytes,
    variableBytes: 0,
    temporaryBytes: 0,
  };
  const pages = totalBytes / PAGE_BYTES;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const bytes = new Uint8Array(memory.buffer).fill(CANARY, CONTROL_BYTES);
  for (const [buffer, start] of starts) bytes.fill(0, start, start + buffer.bytes);
  for (const [buffer, data] of lowered.persistent.tables) bytes.set(data, starts.get(buffer));
  for (const { name, dtype } of programInputs(program)) {
    const { ref } = inputs.get(name)!;
    const start = addresses.address(ref);
    if (dtype === "u8") {
      bytes.subarray(start, start + ref.bytes).forEach((_, i, all) => all[i] = i * 7);
    }
  }
  const module = new WebAssembly.Module(emitModule(lowered, addresses, OPTIONS));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  for (const name of [preparationExport(lowered.programs[0]), programExport(lowered.programs[0])]) {
    (exports[name] as (thread: number) => void)(0);
    requireCanaries(bytes, starts, name);
  }
  return new Map(
    Array.from(outputs, ([name, port]) => [name, view(memory, addresses.address(port.ref), port)]),
  );
}

function requireCanaries(
  bytes: Uint8Array,
  starts: ReadonlyMap<MemoryBuffer, number>,
  when: string,
): void {
  let from = CONTROL_BYTES;
  for (
    const [start, end] of [
      ...Array.from(starts, ([buffer, start]) => [start, start + buffer.bytes]),
      [bytes.length, bytes.length],
    ]
  ) {
    const wrong = bytes.subarray(from, start).findIndex((byte) => byte !== CANARY);
    if (wrong >= 0) throw new Error(`${when} wrote ${wrong} bytes behind a buffer`);
    from = end;
  }
}

function view({ buffer }: WebAssembly.Memory, address: number, { type }: Port): TensorData {
  const size = sizeOf(type.shape);
  return type.dtype === "f32"
    ? new Float32Array(buffer, address, size)
    : new Int32Array(buffer, address, size);
}
