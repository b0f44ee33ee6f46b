/**
 * Reads the modules that Overfold emits: the parts of WebAssembly's binary format that `assembler/`
 * writes. Anything else is refused.
 */
import type { ValueType } from "../../../assembler/mod.ts";
import { type Immediate, OPCODES, PREFIXES } from "./opcodes.ts";
import { Reader } from "./reader.ts";
import { type FunctionTree, type Node, node, some, type Statement, type Variable } from "./tree.ts";

export interface ModuleTree {
  /** How many functions it has. */
  readonly functionCount: number;
  /** Numbers of the exported functions by name, in the order of the module. */
  readonly exports: ReadonlyMap<string, number>;
  /**
   * Reads one function at a time, so that its tree is freed before the next.
   *
   * @throws {Error} if it contains anything that Overfold does not emit.
   */
  readonly functionTree: (number: number) => FunctionTree;
}

interface Signature {
  readonly parameters: readonly ValueType[];
  readonly result: ValueType | undefined;
}

const [TYPES, FUNCTIONS, EXPORTS, CODE] = [1, 3, 7, 10];
const DROP = 0x1a;

/** The functions of a module, which the engine has validated. */
export function decodeModule(bytes: Uint8Array): ModuleTree {
  const reader = new Reader(bytes);
  const types: Signature[] = [];
  const signatures: Signature[] = [];
  const exports = new Map<string, number>();
  const bodies: { readonly start: number; readonly end: number }[] = [];
  reader.position = 8;
  while (reader.position < bytes.length) {
    const section = reader.byte();
    const end = reader.unsigned() + reader.position;
    if (section === TYPES) reader.times(() => types.push(readSignature(reader)));
    if (section === FUNCTIONS) reader.times(() => signatures.push(types[reader.unsigned()]));
    if (section === EXPORTS) {
      reader.times(() => {
        const name = new TextDecoder().decode(reader.bytes(reader.unsigned()));
        reader.expect(0, "an exported function");
        exports.set(name, reader.unsigned());
      });
    }
    if (section === CODE) {
      reader.times(() => {
        const length = reader.unsigned(), start = reader.position;
        reader.position = start + length;
        bodies.push({ start, end: start + length });
      });
    }
    reader.position = end;
  }
  return {
    functionCount: bodies.length,
    exports,
    functionTree(number) {
      reader.position = bodies[number].start;
      const tree = new FunctionDecoder(reader, signatures, signatures[number]).function();
      if (reader.position !== bodies[number].end) throw new Error("there is code after the end");
      return tree;
    },
  };
}

function readSignature(reader: Reader): Signature {
  reader.expect(0x60, "the type of a function");
  const parameters: ValueType[] = [];
  reader.times(() => parameters.push(reader.valueType()));
  const results: ValueType[] = [];
  reader.times(() => results.push(reader.valueType()));
  return { parameters, result: results[0] };
}

class FunctionDecoder {
  readonly #variables: Variable[] = [];
  /** Expressions pushed and not yet used. */
  readonly #stack: Node[] = [];
  #statements: Statement[] = [];

  constructor(
    private readonly reader: Reader,
    private readonly signatures: readonly Signature[],
    private readonly signature: Signature,
  ) {}

  function(): FunctionTree {
    const { parameters, result } = this.signature;
    for (const type of parameters) this.#declare(type, 1);
    this.reader.times(() => {
      const count = this.reader.unsigned();
      this.#declare(this.reader.valueType(), count);
    });
    const { statements: body } = this.#block();
    return { parameters, result, variables: this.#variables, body };
  }

  #declare(type: ValueType, count: number): void {
    const group = this.#variables.length;
    for (let member = 0; member < count; member++) {
      this.#variables.push({ type, number: group + member, group, member });
    }
  }

  /** Reads to the end of a block; a loop's body ends with a jump back while a condition holds. */
  #block(): { statements: Statement[]; end: "end" | "else"; condition?: Node } {
    const outer = this.#statements;
    const statements: Statement[] = this.#statements = [];
    let condition: Node | undefined;
    for (;;) {
      const opcode = this.reader.byte();
      if (opcode === 0x0b || opcode === 0x05) {
        this.#statements = outer;
        return { statements, end: opcode === 0x05 ? "else" : "end", condition };
      }
      if (condition) throw new Error("a loop that continues after its condition");
      if (opcode === 0x0d) {
        this.reader.expect(0, "a jump to the innermost loop");
        condition = this.#pop();
      } else {
        this.#instruction(opcode);
      }
    }
  }

  #instruction(opcode: number): void {
    const reader = this.reader;
    switch (opcode) {
      case 0x00:
        return this.#do({ kind: "unreachable" });
      case 0x03: {
        reader.expect(0x40, "a block without results");
        this.#settle(() => true);
        const { statements: body, condition } = this.#block();
        if (!condition) throw new Error("a loop without a condition");
        return this.#do({ kind: "loop", body, condition });
      }
      case 0x04: {
        reader.expect(0x40, "a block without results");
        const condition = this.#pop();
        this.#settle(() => true);
        const { statements: then, end } = this.#block();
        const otherwise = end === "else" ? this.#block().statements : [];
        return this.#do({ kind: "if", condition, then, otherwise });
      }
      case 0x0f:
        return this.#do({
          kind: "return",
          value: this.signature.result ? this.#pop() : undefined,
        });
      case 0x10: {
        const index = reader.unsigned();
        const { parameters, result = "void" } = this.signatures[index];
        return this.#addEffect(
          node("call", result, { operands: this.#popAll(parameters.length), index }),
        );
      }
      case DROP:
        return this.#do({ kind: "effect", value: this.#pop() });
      case 0x20:
        return this.#get(this.#variables[reader.unsigned()]);
      case 0x21:
        return this.#set(this.#variables[reader.unsigned()]);
      case 0x22: {
        const variable = this.#variables[reader.unsigned()];
        this.#set(variable);
        return this.#get(variable);
      }
      case 0x41:
        return this.#push(node("i32.const", "i32", { value: reader.signed() }));
      case 0x42:
        return this.#push(node("i64.const", "i64", { value: reader.signed64() }));
      case 0x43:
        return this.#push(node("f32.const", "f32", { value: reader.float32() }));
      case 0x44:
        return this.#push(node("f64.const", "f64", { value: reader.float64() }));
    }
    const prefix = PREFIXES[opcode];
    const number = prefix === undefined ? opcode : prefix + reader.unsigned();
    const known = OPCODES.get(number);
    if (!known) throw new Error(`an instruction that is not translated: 0x${number.toString(16)}`);
    const { name, operands: count, result, effects, immediate } = known;
    const { offset, index, bytes } = this.#immediate(immediate);
    const operands = this.#popAll(count);
    const type = name === "select" ? operands[0].type : result;
    const instruction = node(name, type, { operands, offset, index, bytes });
    if (effects) this.#addEffect(instruction);
    else this.#push(instruction);
  }

  #immediate(kind: Immediate | undefined): Partial<Node> {
    const reader = this.reader;
    switch (kind) {
      case "memory":
        return { offset: reader.memoryOffset() };
      case "memoryLane":
        return { offset: reader.memoryOffset(), index: reader.byte() };
      case "lane":
        return { index: reader.byte() };
      case "bytes16":
        return { bytes: reader.bytes(16) };
      case "zeros":
        reader.expect(0, "the only memory");
        // falls through
      case "zero":
        reader.expect(0, "the only memory");
        return {};
      case undefined:
        return {};
    }
  }

  #addEffect(instruction: Node): void {
    this.#settle((pending) => some(pending, ({ op }) => op.includes("load")));
    const dropped = instruction.type !== "void" && this.reader.take(DROP);
    if (instruction.type === "void" || dropped) {
      return this.#do({ kind: "effect", value: instruction });
    }
    const variable = this.#temporary(instruction.type);
    this.#do({ kind: "set", variable, value: instruction });
    this.#get(variable);
  }

  /** Computes expressions on the stack now if the next statement would change them. */
  #settle(changes: (pending: Node) => boolean): void {
    for (const [i, pending] of this.#stack.entries()) {
      if (pending.type === "void" || !changes(pending)) continue;
      const variable = this.#temporary(pending.type);
      this.#do({ kind: "set", variable, value: pending });
      this.#stack[i] = node("local.get", variable.type, { variable });
    }
  }

  #temporary(type: ValueType): Variable {
    this.#declare(type, 1);
    return this.#variables[this.#variables.length - 1];
  }

  #get(variable: Variable): void {
    this.#push(node("local.get", variable.type, { variable }));
  }

  #set(variable: Variable): void {
    const value = this.#pop();
    this.#settle((pending) => some(pending, (part) => part.variable === variable));
    this.#do({ kind: "set", variable, value });
  }

  #do(statement: Statement): void {
    this.#statements.push(statement);
  }

  #push(expression: Node): void {
    this.#stack.push(expression);
  }

  #pop(): Node {
    const top = this.#stack.pop();
    if (!top) throw new Error("an operand is missing");
    return top;
  }

  #popAll(count: number): Node[] {
    if (this.#stack.length < count) throw new Error("an operand is missing");
    return this.#stack.splice(this.#stack.length - count, count);
  }
}
