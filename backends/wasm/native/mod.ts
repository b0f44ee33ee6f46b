/**
 * Translates the WebAssembly modules that Overfold emits to machine code of x86-64: decode,
 * separate the lives of locals, join vectors, select instructions, allocate registers, encode.
 *
 * The code computes what WebAssembly would, bit for bit except for the payloads of NaN. It accesses
 * memory in only one way: the base of WebAssembly's memory, plus an unsigned index of 32 bits, plus
 * a constant below 2^31. The engine reserves more than that after the base, so no access leaves the
 * memory and the guard pages that follow it.
 */
import { allocate } from "./allocate.ts";
import { decodeModule } from "./decode.ts";
import { MEMORY_BASE, Output } from "./instructions.ts";
import { separateLives } from "./lives.ts";
import type { NativeLevel } from "./processor.ts";
import { ARGUMENT_BYTES, selectFunction } from "./select.ts";
import type { FunctionTree } from "./tree.ts";
import { widen } from "./widen.ts";
import { Encoder, Label } from "./x86/encoder.ts";
import { GENERAL } from "./x86/operands.ts";

/** Machine code of a module. */
export interface TranslatedModule {
  /** The code, which may be placed at any multiple of 64. */
  readonly code: Uint8Array<ArrayBuffer>;
  /**
   * Where the exported functions begin, in module order. Each is a function of the System V ABI,
   * `(memory: pointer, thread: u32) → u32`; it returns 0, or 1 where WebAssembly would trap.
   */
  readonly entries: ReadonlyMap<string, number>;
}

/** Vector registers by level: those to allocate, and the two reserved as scratch. */
const VECTOR_REGISTERS = {
  avx2: { count: 14, scratch: [14, 15] },
  avx512: { count: 30, scratch: [30, 31] },
} as const;

/** Alignment of the stack pointer in a function, and of vectors on the stack. */
const STACK_ALIGNMENT = 64;

/**
 * Translates a module.
 *
 * @param module Its bytes: the output of `emitModule`, which the engine has validated.
 * @throws {Error} if it contains instructions that Overfold does not emit.
 */
export function translateModule(module: Uint8Array, level: NativeLevel): TranslatedModule {
  const { functionCount, functionTree, exports } = decodeModule(module);
  const encoder = new Encoder();
  const labels = Array.from({ length: functionCount }, () => new Label()), trap = new Label();
  for (const [number, label] of labels.entries()) {
    encoder.align(32);
    encoder.place(label);
    translateFunction(encoder, functionTree(number), level, labels, trap);
  }
  const entries = new Map<string, number>();
  for (const [name, number] of exports) {
    encoder.align(32);
    entries.set(name, encoder.length);
    writeEntry(encoder, labels[number]);
  }
  encoder.place(trap);
  writeExit(encoder, 1);
  return { code: encoder.finish(), entries };
}

function translateFunction(
  encoder: Encoder,
  tree: FunctionTree,
  level: NativeLevel,
  functions: readonly Label[],
  trap: Label,
): void {
  const leave = new Label();
  let frame = 0, saved: readonly number[] = [];
  const code = selectFunction(widen(separateLives(tree), level === "avx512" ? 4 : 2), level, {
    functions,
    leave,
    trap,
    parametersAt: () => frame + 8 * saved.length + 8,
  });
  const { count, scratch } = VECTOR_REGISTERS[level];
  const { written, stackEnd } = allocate(code, count, ARGUMENT_BYTES * code.mostArguments);
  saved = written;
  // The return address and saved registers are above.
  const above = 8 + 8 * saved.length;
  frame = Math.ceil((stackEnd + above) / STACK_ALIGNMENT) * STACK_ALIGNMENT - above;
  const output = new Output(encoder, scratch);
  for (const register of saved) encoder.push(register);
  moveStack(encoder, -frame);
  for (const instruction of code.instructions) instruction.encode(output);
  encoder.place(leave);
  moveStack(encoder, frame);
  for (const register of saved.toReversed()) encoder.pop(register);
  encoder.append(RETURN);
}

const RETURN = 0xc3, ZERO_UPPER = [0xc5, 0xf8, 0x77];

/** Registers that a function of the System V ABI preserves, except the stack pointer. */
const CALLEE_SAVED: readonly number[] = [GENERAL.rbx, GENERAL.rbp, 12, 13, 14, 15];

/** Writes a function that outside code calls. While it runs, rbp holds its stack pointer. */
function writeEntry(encoder: Encoder, label: Label): void {
  const { rsp, rbp, rsi, rdi } = GENERAL;
  for (const register of CALLEE_SAVED) encoder.push(register);
  encoder.integer([0x8b], rbp, rsp, { wide: true });
  // `and rsp, -64`
  encoder.integer([0x83], 4, rsp, { wide: true, immediateBytes: 1 });
  encoder.append(-STACK_ALIGNMENT & 0xff);
  moveStack(encoder, -STACK_ALIGNMENT);
  encoder.integer([0x8b], MEMORY_BASE, rdi, { wide: true });
  encoder.integer([0x89], rsi, { base: rsp, displacement: 0 });
  encoder.call(label);
  writeExit(encoder, 0);
}

function writeExit(encoder: Encoder, result: 0 | 1): void {
  const { rax, rsp, rbp } = GENERAL;
  encoder.integer([0x33], rax, rax);
  if (result === 1) encoder.append(0xff, 0xc0);
  encoder.integer([0x8b], rsp, rbp, { wide: true });
  encoder.append(...ZERO_UPPER);
  for (const register of CALLEE_SAVED.toReversed()) encoder.pop(register);
  encoder.append(RETURN);
}

function moveStack(encoder: Encoder, bytes: number): void {
  if (bytes === 0) return;
  encoder.integer([0x81], 0, GENERAL.rsp, { wide: true, immediateBytes: 4 });
  encoder.append32(bytes);
}
