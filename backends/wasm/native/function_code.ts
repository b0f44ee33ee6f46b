/**
 * The code of one function under construction: instructions in order, the loops among them, and the
 * registers of its variables. The instruction selection gets its operands from here.
 */
import type { Loop } from "./allocate.ts";
import {
  type Address,
  type Instruction,
  type Output,
  type Uses,
  VirtualRegister,
} from "./instructions.ts";
import type { NativeLevel } from "./processor.ts";
import type { Node, Variable, Width } from "./tree.ts";
import type { Joined, WideFunction } from "./widen.ts";
import type { Encoder, Label } from "./x86/encoder.ts";

export type Select = (code: FunctionCode, expression: Node, into: VirtualRegister) => void;

export interface MemoryOperand {
  readonly address: Address;
  /** Whether it is one float for all lanes. */
  readonly broadcast: boolean;
}

const NO_USES: Uses = {};

/** Displacements must be below this; larger ones go to a register. */
const DISPLACEMENT_LIMIT = 2 ** 31;

export class FunctionCode {
  readonly instructions: Instruction[] = [];
  readonly loops: Loop[] = [];
  /** Maximum arguments of a call. */
  mostArguments = 0;
  readonly #widest: Width;
  readonly #registers = new Map<Variable, VirtualRegister>();

  constructor(
    readonly level: NativeLevel,
    private readonly tree: WideFunction,
    private readonly select: Select,
  ) {
    this.#widest = level === "avx512" ? 4 : 2;
  }

  general(): VirtualRegister {
    return new VirtualRegister("general", 1);
  }

  vector(vectors: Width = 1): VirtualRegister {
    return new VirtualRegister("vector", vectors);
  }

  /** A new register for what an expression computes. */
  registerFor({ type, width }: Pick<Node, "type" | "width">): VirtualRegister {
    return type === "i32" || type === "i64" ? this.general() : this.vector(width);
  }

  variable(variable: Variable): VirtualRegister {
    let register = this.#registers.get(variable);
    if (!register) {
      const width = this.tree.uniform.has(variable)
        ? this.#widest
        : this.tree.joined.get(variable)?.width ?? 1;
      register = this.registerFor({ type: variable.type, width });
      this.#registers.set(variable, register);
    }
    return register;
  }

  add(encode: Instruction["encode"], uses: Uses = NO_USES, result?: VirtualRegister): void {
    // A result should preferably use the register of its first operand.
    const operand = uses.reads?.[0];
    if (result && operand && result.kind === operand.kind) {
      result.partner ??= operand;
      operand.partner ??= result;
    }
    this.instructions.push({ uses, result, encode });
  }

  /** Appends an instruction that computes a register. */
  addResult(
    into: VirtualRegister,
    encode: (to: number, output: Output) => void,
    uses: Uses = NO_USES,
  ): void {
    if (uses.readsLate?.includes(into)) {
      const apart = new VirtualRegister(into.kind, into.vectors);
      this.addResult(apart, encode, uses);
      return this.addMove(into, apart);
    }
    this.add((output) => output.into(into, (to) => encode(to, output)), uses, into);
  }

  /** Appends a copy of a register to another of its kind. */
  addMove(into: VirtualRegister, from: VirtualRegister): void {
    this.addResult(into, (to, output) => output.move(into.vectors, to, from), { reads: [from] });
  }

  /** Appends a place that jumps lead to. */
  place(label: Label): void {
    this.add(({ encoder }) => encoder.place(label));
  }

  /** Runs `body`, which must end with a jump back to where it began. */
  loop(body: () => void): void {
    const start = this.instructions.length;
    body();
    this.loops.push({ start, end: this.instructions.length });
  }

  /** The register with the value of an expression; one that already contains it is reused. */
  value(expression: Node): VirtualRegister {
    const held = this.#held(expression);
    if (held) return held;
    const register = this.registerFor(expression);
    this.compute(expression, register);
    return register;
  }

  compute(expression: Node, into: VirtualRegister): void {
    this.select(this, expression, into);
  }

  /** The place of a memory access. */
  address(pointer: Node, offset: number): Address {
    if (pointer.op === "i32.const") {
      const place = Number(pointer.value) >>> 0;
      if (place + offset < DISPLACEMENT_LIMIT) return { displacement: place + offset };
    }
    const index = this.value(pointer);
    if (offset < DISPLACEMENT_LIMIT) return { index, displacement: offset };
    const far = this.general();
    this.addResult(far, (to, { encoder, operand }) => {
      writeConstant(encoder, to, offset);
      encoder.integer([0x03], to, operand(index), { wide: true });
    }, { readsLate: [index] });
    return { index: far, displacement: 0 };
  }

  /** Whether an instruction on `vectors` can take an expression from memory. */
  isInMemory({ op, width }: Node, vectors: Width): boolean {
    return op === "v128.load" && width === vectors ||
      op === "v128.load32_splat" && this.level === "avx512";
  }

  /** The memory operand that an expression can be, if it {@link isInMemory}. */
  memoryOperand(expression: Node, vectors: Width): MemoryOperand | undefined {
    if (!this.isInMemory(expression, vectors)) return undefined;
    const { op, operands, offset } = expression;
    return { address: this.address(operands[0], offset), broadcast: op !== "v128.load" };
  }

  joined(variable: Variable): Joined | undefined {
    return this.tree.joined.get(variable);
  }

  /**
   * The register of a variable, unless only one vector of several is read, or too few are there.
   */
  #held({ op, variable, width, operands }: Node): VirtualRegister | undefined {
    if (op === "local.get") {
      const joined = this.joined(variable!);
      return joined && joined.width !== width ? undefined : this.variable(variable!);
    }
    if (op === "spread") {
      const uniform = this.#held(operands[0]);
      return uniform && uniform.vectors >= width ? uniform : undefined;
    }
  }
}

/** Sets a general register to a number of 32 bits; preserves the flags. */
export function writeConstant(encoder: Encoder, register: number, value: number): void {
  if (register > 7) encoder.append(0x41);
  encoder.append(0xb8 | (register & 7));
  encoder.append32(value);
}
