/** Functions of a module as trees of statements and expressions, as the translator works on them. */
import type { ValueType } from "../../../assembler/mod.ts";

/** Vectors of 128 bits that an expression computes at once: 1, or several adjacent ones. */
export type Width = 1 | 2 | 4;

/** An expression. Its operands are evaluated in order, before it. */
export interface Node {
  /** `local.get`, `call`, `TYPE.const`, or a name of the table of opcodes. */
  readonly op: string;
  readonly type: ValueType | "void";
  readonly operands: readonly Node[];
  /** Adjacent vectors; 1 if it is not a vector. */
  readonly width: Width;
  /** Constant part of an address, in bytes. */
  readonly offset: number;
  /** Lane of a vector; of a call, the number of the function. */
  readonly index: number;
  /** The value of a scalar constant. */
  readonly value: number | bigint;
  /** The bytes of a vector constant or a shuffle. */
  readonly bytes: Uint8Array;
  /** The variable that `local.get` reads. */
  variable: Variable | undefined;
}

/** A local variable; one live range of it after they have been separated. */
export interface Variable {
  readonly type: ValueType;
  /** Index in its function's list. */
  readonly number: number;
  /** The first variable of the group in which it was declared, and its index there. */
  readonly group: number;
  readonly member: number;
}

/** A statement. A loop runs its body, then again while its condition holds. */
export type Statement =
  | { readonly kind: "set"; variable: Variable; readonly value: Node }
  | { readonly kind: "effect"; readonly value: Node }
  | {
    readonly kind: "if";
    readonly condition: Node;
    readonly then: readonly Statement[];
    readonly otherwise: readonly Statement[];
  }
  | { readonly kind: "loop"; readonly body: readonly Statement[]; readonly condition: Node }
  | { readonly kind: "return"; readonly value: Node | undefined }
  | { readonly kind: "unreachable" };

export interface FunctionTree {
  readonly parameters: readonly ValueType[];
  readonly result: ValueType | undefined;
  /** The parameters, then the locals. */
  readonly variables: readonly Variable[];
  readonly body: readonly Statement[];
}

const NO_BYTES = new Uint8Array();
const NO_NODES: readonly Node[] = [];
const NOTHING = {};

/** An expression; parts that are not given are absent. */
export function node(
  op: string,
  type: Node["type"],
  {
    operands = NO_NODES,
    width = 1,
    offset = 0,
    index = 0,
    value = 0,
    bytes = NO_BYTES,
    variable,
  }: Partial<Node> = NOTHING,
): Node {
  return { op, type, operands, width, offset, index, value, bytes, variable };
}

/** Whether a predicate holds for an expression or one of its parts. */
export function some(tree: Node, holds: (node: Node) => boolean): boolean {
  if (holds(tree)) return true;
  const { operands } = tree;
  for (let i = 0; i < operands.length; i++) if (some(operands[i], holds)) return true;
  return false;
}

/** Calls a function for an expression and its parts, operands first. */
export function visit(tree: Node, each: (node: Node) => void): void {
  const { operands } = tree;
  for (let i = 0; i < operands.length; i++) visit(operands[i], each);
  each(tree);
}

export function blocksOf(statement: Statement): readonly (readonly Statement[])[] {
  if (statement.kind === "if") return [statement.then, statement.otherwise];
  return statement.kind === "loop" ? [statement.body] : [];
}
