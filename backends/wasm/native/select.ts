/** Instructions for the statements of a function. */
import { FunctionCode, writeConstant } from "./function_code.ts";
import type { VirtualRegister } from "./instructions.ts";
import type { NativeLevel } from "./processor.ts";
import { compare, registersOf, selectGeneral } from "./select_general.ts";
import { selectVector } from "./select_vector.ts";
import { blocksOf, type Node, type Statement } from "./tree.ts";
import { selectWait, selectWake } from "./select_waiting.ts";
import type { WideFunction } from "./widen.ts";
import { type Encoder, Label } from "./x86/encoder.ts";
import { V, type VectorOpcode } from "./x86/opcodes.ts";
import { GENERAL } from "./x86/operands.ts";

/** Bytes of an argument or parameter on the stack. */
export const ARGUMENT_BYTES = 16;

/** What a function's code refers to outside it. */
export interface Surroundings {
  /** Where the functions of the module begin, by number. */
  readonly functions: readonly Label[];
  /** Where a function's epilogue is. */
  readonly leave: Label;
  /** Where it jumps to trap. */
  readonly trap: Label;
  /** Returns the distance of the parameters from the stack pointer, known at the end. */
  readonly parametersAt: () => number;
}

export function selectFunction(
  tree: WideFunction,
  level: NativeLevel,
  surroundings: Surroundings,
): FunctionCode {
  const code = new FunctionCode(level, tree, (code, expression, into) => {
    if (expression.op === "call") selectCall(code, expression, into, surroundings);
    else if (into.kind === "general") selectGeneral(code, expression, into);
    else selectVector(code, expression, into);
  });
  selectEntry(code, tree, surroundings);
  new StatementSelector(code, surroundings).block(tree.body);
  code.add(({ encoder }) => encoder.jump(surroundings.leave));
  return code;
}

/** Loads parameters from the stack; locals that are read before they are set are zero. */
function selectEntry(code: FunctionCode, tree: WideFunction, { parametersAt }: Surroundings): void {
  for (const [i, variable] of tree.initial.entries()) {
    if (!variable) continue;
    const into = code.variable(variable);
    const parameter = i < tree.parameters.length;
    const place = () => ({ base: GENERAL.rsp, displacement: parametersAt() + ARGUMENT_BYTES * i });
    if (into.kind === "vector") {
      code.addResult(into, (to, { encoder }) => {
        if (parameter) encoder.vector(V.movups, 1, to, 0, place());
        else encoder.vector(V.xorps, into.vectors, to, to, to);
      });
    } else {
      const wide = variable.type === "i64";
      code.addResult(into, (to, { encoder }) => {
        if (parameter) encoder.integer([0x8b], to, place(), { wide });
        else writeConstant(encoder, to, 0);
      });
    }
  }
}

function selectCall(
  code: FunctionCode,
  { operands, index }: Node,
  into: VirtualRegister | undefined,
  { functions }: Surroundings,
): void {
  const values = operands.map((operand) =>
    operand.op === "i32.const" ? operand : code.value(operand)
  );
  code.mostArguments = Math.max(code.mostArguments, values.length);
  for (const [i, value] of values.entries()) {
    const place = { base: GENERAL.rsp, displacement: ARGUMENT_BYTES * i };
    if ("op" in value) {
      code.add(({ encoder }) => {
        encoder.integer([0xc7], 0, place, { immediateBytes: 4 });
        encoder.append32(Number(value.value));
      });
    } else if (value.kind === "general") {
      code.add((output) => {
        output.encoder.integer([0x89], output.general(value), place, { wide: true });
      }, { reads: [value] });
    } else {
      code.add((output) => {
        output.encoder.vector(V.movupsStore, 1, output.vector(value), 0, place);
      }, { reads: [value] });
    }
  }
  code.add(({ encoder }) => encoder.call(functions[index]), { calls: true });
  if (into?.kind === "general") {
    code.addResult(into, (to, output) => output.moveGeneral(to, GENERAL.rax));
  } else if (into) {
    code.addResult(into, (to, output) => output.moveVector(1, to, 0));
  }
}

class StatementSelector {
  constructor(private readonly code: FunctionCode, private readonly surroundings: Surroundings) {}

  block(statements: readonly Statement[]): void {
    for (const statement of statements) this.#statement(statement);
  }

  #statement(statement: Statement): void {
    const code = this.code;
    switch (statement.kind) {
      case "set":
        return code.compute(statement.value, code.variable(statement.variable));
      case "effect":
        return this.#effect(statement.value);
      case "if": {
        const { condition, then, otherwise } = statement;
        const elseLabel = new Label(), end = new Label();
        this.#jumpIf(condition, false, elseLabel);
        this.block(then);
        if (otherwise.length > 0) code.add(({ encoder }) => encoder.jump(end));
        code.place(elseLabel);
        this.block(otherwise);
        return code.place(end);
      }
      case "loop": {
        const top = new Label();
        const innermost = !statement.body.some((inner) => blocksOf(inner).length > 0);
        return code.loop(() => {
          if (innermost) code.add(({ encoder }) => encoder.align(LOOP_ALIGNMENT));
          code.place(top);
          this.block(statement.body);
          this.#jumpIf(statement.condition, true, top);
        });
      }
      case "return":
        return this.#return(statement.value);
      case "unreachable":
        return code.add(({ encoder }) => encoder.jump(this.surroundings.trap));
    }
  }

  #jumpIf(condition: Node, holds: boolean, label: Label): void {
    const number = compare(this.code, condition);
    this.code.add(({ encoder }) => encoder.jumpIf(holds ? number : number ^ 1, label));
  }

  #return(value: Node | undefined): void {
    const code = this.code;
    if (value) {
      const from = code.value(value);
      code.add((output) => {
        if (from.kind === "general") output.moveGeneral(GENERAL.rax, output.general(from));
        else output.moveVector(1, 0, output.operand(from));
      }, { reads: [from] });
    }
    code.add(({ encoder }) => encoder.jump(this.surroundings.leave));
  }

  #effect(value: Node): void {
    const code = this.code;
    const { op, operands: [pointer, second], offset, width, index } = value;
    switch (op) {
      case "call":
        return selectCall(code, value, undefined, this.surroundings);
      case "v128.store":
        return this.#storeVector(value, V.movupsStore, width);
      case "f32.store":
        return this.#storeVector(value, V.movssStore);
      case "f64.store":
        return this.#storeVector(value, V.movsdStore);
      case "v128.store32_lane":
        return index === 0
          ? this.#storeVector(value, V.movssStore)
          : this.#storeVector(value, V.pextrd, 1, index);
      case "v128.store64_lane":
        return this.#storeVector(value, index === 0 ? V.movsdStore : V.movhpsStore);
      case "i32.store":
      case "i32.atomic.store": {
        const address = code.address(pointer, offset), stored = code.value(second);
        // `xchg` is a store that is ordered with all others.
        const opcode = op === "i32.store" ? 0x89 : 0x87;
        return code.add((output) => {
          let number = output.general(stored);
          if (opcode === 0x87) {
            output.moveGeneral(GENERAL.rax, number);
            number = GENERAL.rax;
          }
          output.encoder.integer([opcode], number, output.place(address));
        }, { reads: [stored, ...registersOf(address)] });
      }
      case "memory.copy":
      case "memory.fill":
        return selectBulk(code, value);
      case "memory.atomic.wait32":
        return selectWait(code, value);
      case "memory.atomic.notify":
        return selectWake(code, value);
      default:
        code.value(value);
    }
  }

  #storeVector(
    { operands: [pointer, value], offset }: Node,
    instruction: VectorOpcode,
    width: Node["width"] = 1,
    immediate?: number,
  ): void {
    const address = this.code.address(pointer, offset);
    const stored = this.code.value(value);
    this.code.add((output) => {
      const number = output.vector(stored);
      output.encoder.vector(instruction, width, number, 0, output.place(address), { immediate });
    }, { reads: [stored, ...registersOf(address)] });
  }
}

/** Alignment of the body of an innermost loop. Bench: `bench/layers.ts`. */
const LOOP_ALIGNMENT = 32;

/** Copies or fills bytes. Overlapping regions are copied correctly. */
function selectBulk(code: FunctionCode, { op, operands }: Node): void {
  const [destination, source, count] = operands.map((operand) => code.value(operand));
  code.add((output) => {
    const { encoder } = output;
    const { rax, rcx, rdx, rsi, rdi, r15 } = GENERAL;
    encoder.integer([0x8b], rax, output.operand(source));
    encoder.integer([0x8b], rdx, output.operand(destination));
    encoder.integer([0x8b], rcx, output.operand(count));
    keeping([rsi, rdi], encoder, () => {
      encoder.integer([0x8d], rdi, { base: r15, index: rdx, displacement: 0 }, { wide: true });
      if (op === "memory.fill") return encoder.append(...REPEAT_STORE);
      encoder.integer([0x8d], rsi, { base: r15, index: rax, displacement: 0 }, { wide: true });
      const backwards = new Label(), done = new Label();
      encoder.integer([0x2b], rdx, rax);
      encoder.integer([0x3b], rdx, rcx);
      encoder.jumpIf(2, backwards);
      encoder.append(...REPEAT_MOVE);
      encoder.jump(done);
      encoder.place(backwards);
      const last = (base: number) => ({ base, index: rcx, displacement: -1 });
      encoder.integer([0x8d], rdi, last(rdi), { wide: true });
      encoder.integer([0x8d], rsi, last(rsi), { wide: true });
      encoder.append(SET_DIRECTION, ...REPEAT_MOVE, CLEAR_DIRECTION);
      encoder.place(done);
    });
  }, { reads: [destination, source, count] });
}

const REPEAT_STORE = [0xf3, 0xaa], REPEAT_MOVE = [0xf3, 0xa4];
const SET_DIRECTION = 0xfd, CLEAR_DIRECTION = 0xfc;

/** Saves registers on the stack while `body` runs, during which stack offsets differ. */
export function keeping(registers: readonly number[], encoder: Encoder, body: () => void): void {
  for (const register of registers) encoder.push(register);
  body();
  for (const register of registers.toReversed()) encoder.pop(register);
}
