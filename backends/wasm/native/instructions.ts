/** Instructions on virtual registers, and their encoding once these have numbers. */
import type { Encoder, Vectors } from "./x86/encoder.ts";
import { V } from "./x86/opcodes.ts";
import { GENERAL, type Place, type RegisterOrPlace } from "./x86/operands.ts";

/** A register in a function under translation; the allocator gives it a number, or a place. */
export class VirtualRegister {
  /** Positions of its life, from the first write to the last read; see `allocate.ts`. */
  start = Infinity;
  end = -1;
  /** The benefit of keeping it in a register: its reads and writes, weighted by loop depth. */
  weight = 0;
  /** One that should preferably be the same register. */
  partner: VirtualRegister | undefined;
  /** Number of the register, or bytes from the stack pointer. */
  register: number | undefined;
  slot = 0;

  constructor(
    readonly kind: "general" | "vector",
    /** Vectors of 128 bits that it holds. */
    readonly vectors: Vectors,
  ) {}
}

/** A place in the memory of WebAssembly: index + displacement bytes from its beginning. */
export interface Address {
  readonly index?: VirtualRegister;
  readonly displacement: number;
}

/** What an instruction uses besides the register of its result. */
export interface Uses {
  /** What it reads before it writes. */
  readonly reads?: readonly VirtualRegister[];
  /** What it reads when it may have written already. */
  readonly readsLate?: readonly VirtualRegister[];
  readonly temporaries?: readonly VirtualRegister[];
  /** Whether it calls a function, which preserves general registers but no vector registers. */
  readonly calls?: boolean;
}

/** One instruction, or several that belong together. */
export interface Instruction {
  readonly uses: Uses;
  /** What it writes. */
  readonly result: VirtualRegister | undefined;
  /** Writes its bytes. */
  readonly encode: (output: Output) => void;
}

/** Registers that the allocator reserves for values on the stack. */
const SCRATCH = {
  general: [GENERAL.rax, GENERAL.rdx],
  index: GENERAL.rcx,
} as const;

/** Where WebAssembly's memory begins. */
export const MEMORY_BASE = GENERAL.r15;

/** Writes instructions whose registers have numbers; values on the stack are loaded and stored. */
export class Output {
  /** @param scratch the vector registers that the allocator reserves */
  constructor(readonly encoder: Encoder, private readonly scratch: readonly [number, number]) {}

  /** A place in WebAssembly's memory. */
  place({ index, displacement }: Address): Place {
    if (!index) return { base: MEMORY_BASE, displacement };
    let number = index.register;
    if (number === undefined) {
      number = SCRATCH.index;
      this.encoder.integer([0x8b], number, slotOf(index), { wide: true });
    }
    return { base: MEMORY_BASE, index: number, displacement };
  }

  /** The number of a general register; a value on the stack is loaded into a scratch register. */
  general(value: VirtualRegister, scratch: 0 | 1 = 0): number {
    if (value.register !== undefined) return value.register;
    const number = SCRATCH.general[scratch];
    this.encoder.integer([0x8b], number, slotOf(value), { wide: true });
    return number;
  }

  /** The number of a vector register; a value on the stack is loaded into a scratch register. */
  vector(value: VirtualRegister, scratch: 0 | 1 = 1): number {
    if (value.register !== undefined) return value.register;
    const number = this.scratch[scratch];
    this.encoder.vector(V.movups, value.vectors, number, 0, slotOf(value));
    return number;
  }

  operand(value: VirtualRegister): RegisterOrPlace {
    return value.register ?? slotOf(value);
  }

  /** Computes a value into its register, or into a scratch register and stores it. */
  into(value: VirtualRegister, compute: (register: number) => void): void {
    if (value.register !== undefined) return compute(value.register);
    const number = value.kind === "general" ? SCRATCH.general[0] : this.scratch[0];
    compute(number);
    if (value.kind === "general") {
      this.encoder.integer([0x89], number, slotOf(value), { wide: true });
    } else {
      this.encoder.vector(V.movupsStore, value.vectors, number, 0, slotOf(value));
    }
  }

  /** Copies a value, `vectors` of it if it is a vector, to a register. */
  move(vectors: Vectors, to: number, from: VirtualRegister): void {
    if (from.kind === "general") this.moveGeneral(to, this.general(from));
    else this.moveVector(vectors, to, this.operand(from));
  }

  /** Copies a general register, all 64 bits. */
  moveGeneral(to: number, from: number): void {
    if (to !== from) this.encoder.integer([0x89], from, to, { wide: true });
  }

  moveVector(vectors: Vectors, to: number, from: RegisterOrPlace): void {
    if (to !== from) this.encoder.vector(V.movups, vectors, to, 0, from);
  }
}

function slotOf({ slot }: VirtualRegister): Place {
  return { base: GENERAL.rsp, displacement: slot };
}
