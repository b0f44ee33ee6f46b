/**
 * Instructions with which threads wait for each other: direct calls of the system's futex. See
 * futex(2): a wait ends if the word differs from the expected one, on a wake (even a spurious one)
 * or on a timeout; the waiting thread then checks the word again.
 */
import { type FunctionCode, writeConstant } from "./function_code.ts";
import { registersOf } from "./select_general.ts";
import type { Node } from "./tree.ts";
import type { Encoder } from "./x86/encoder.ts";
import { GENERAL, type Place } from "./x86/operands.ts";

/** Number of the system call, and its operations on a word that only this process uses. */
const FUTEX = 202, WAIT = 128, WAKE = 129;

/** Sleeps while a word has its expected value, for at most a constant number of nanoseconds. */
export function selectWait(code: FunctionCode, { operands, offset }: Node): void {
  const [pointer, expected, time] = operands;
  if (time.op !== "i64.const" || BigInt(time.value) < 0n) {
    throw new Error("a wait needs a constant time");
  }
  const nanoseconds = BigInt(time.value);
  const address = code.address(pointer, offset), value = code.value(expected);
  code.add((output) => {
    const { encoder } = output;
    encoder.integer([0x8b], GENERAL.rdx, output.operand(value));
    callFutex(encoder, output.place(address), WAIT, nanoseconds);
  }, { reads: [value, ...registersOf(address)] });
}

/** Wakes at most a given number of threads that sleep on a word. */
export function selectWake(code: FunctionCode, { operands: [pointer, count], offset }: Node): void {
  const address = code.address(pointer, offset), most = code.value(count);
  code.add((output) => {
    const { encoder } = output;
    encoder.integer([0x8b], GENERAL.rdx, output.operand(most));
    callFutex(encoder, output.place(address), WAKE);
  }, { reads: [most, ...registersOf(address)] });
}

/** Calls futex for a word, with the value in rdx; the timeout is put on the stack. */
function callFutex(encoder: Encoder, word: Place, operation: number, nanoseconds?: bigint): void {
  const { rax, rsp, rsi, rdi, r8, r9, r10, r11 } = GENERAL;
  encoder.integer([0x8d], rax, word, { wide: true });
  // The argument registers, and r11, which the processor itself overwrites.
  const kept = [rsi, rdi, r8, r9, r10, r11];
  for (const register of kept) encoder.push(register);
  encoder.integer([0x8b], rdi, rax, { wide: true });
  writeConstant(encoder, rsi, operation);
  writeConstant(encoder, r10, 0);
  if (nanoseconds !== undefined) {
    const second = 1_000_000_000n;
    for (const part of [nanoseconds % second, nanoseconds / second]) {
      writeConstant(encoder, rax, Number(part));
      encoder.push(rax);
    }
    encoder.integer([0x8b], r10, rsp, { wide: true });
  }
  writeConstant(encoder, rax, FUTEX);
  encoder.append(0x0f, 0x05);
  if (nanoseconds !== undefined) { for (let i = 0; i < 2; i++) encoder.pop(rax); }
  for (const register of kept.toReversed()) encoder.pop(register);
}
