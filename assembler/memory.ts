/**
 * Instructions on shared memory as a whole: atomic access, waiting and waking, copying and filling.
 * Atomic addresses must be multiples of 4.
 */

import {
  Expression,
  load,
  miscellaneous,
  type Operand,
  type Statement,
  store,
  threads,
  writeMemoryArgument,
  writeOperand,
} from "./expression.ts";

/** Replaces a word by a function of it and `value`; leaves its old value. */
function readModifyWrite(opcode: number) {
  return (address: Operand<"i32">, value: Operand<"i32">, offset = 0): Expression<"i32"> =>
    new Expression("i32", (code) => {
      writeOperand(code, "i32", address);
      writeOperand(code, "i32", value);
      code.append(threads(opcode));
      writeMemoryArgument(code, 4, offset);
    });
}

/** Sequentially consistent access to 32-bit words of shared memory. */
export const atomic = {
  load: load("i32", threads(0x10), 4),
  store: store("i32", threads(0x17), 4),
  /** Adds to a word; leaves its old value. */
  add: readModifyWrite(0x1e),
  /**
   * Sleeps while a word is `expected`, for at most `nanoseconds` (negative: for ever). Leaves 0 if
   * woken, 1 if the word was not `expected`, 2 if the time ran out.
   */
  wait: (
    address: Operand<"i32">,
    expected: Operand<"i32">,
    nanoseconds: Operand<"i64">,
    offset = 0,
  ): Expression<"i32"> =>
    new Expression("i32", (code) => {
      writeOperand(code, "i32", address);
      writeOperand(code, "i32", expected);
      writeOperand(code, "i64", nanoseconds);
      code.append(threads(1));
      writeMemoryArgument(code, 4, offset);
    }),
  /** Wakes at most `count` sleepers on a word; leaves how many. */
  notify: readModifyWrite(0),
};

function bulk(opcode: readonly number[]) {
  return (
    destination: Operand<"i32">,
    sourceOrByte: Operand<"i32">,
    bytes: Operand<"i32">,
  ): Statement =>
    new Expression("void", (code) => {
      writeOperand(code, "i32", destination);
      writeOperand(code, "i32", sourceOrByte);
      writeOperand(code, "i32", bytes);
      code.append(opcode);
    });
}

/** Bulk memory instructions. */
export const memory = {
  /** Copies `bytes` bytes; the regions may overlap: `copy(destination, source, bytes)`. */
  copy: bulk([...miscellaneous(10), 0, 0]),
  /** Sets `bytes` bytes to one value: `fill(destination, byte, bytes)`. */
  fill: bulk([...miscellaneous(11), 0]),
};
