/** Operands of x86-64 instructions. */

/** Numbers of the general registers. */
export const GENERAL = {
  rax: 0,
  rcx: 1,
  rdx: 2,
  rbx: 3,
  rsp: 4,
  rbp: 5,
  rsi: 6,
  rdi: 7,
  r8: 8,
  r9: 9,
  r10: 10,
  r11: 11,
  r15: 15,
} as const;

/** A place in memory: base + index + displacement, or a constant of the code. */
export type Place =
  | { readonly base: number; readonly index?: number; readonly displacement: number }
  | { readonly constant: number };

/** An operand: a register by its number, or a place. */
export type RegisterOrPlace = number | Place;
