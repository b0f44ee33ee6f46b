/** Merges expressions of adjacent 128-bit vectors into one of wider vectors. */
import { type Node, node, type Variable, type Width } from "./tree.ts";

/** Instructions that treat every lane of 32 bits alike, independently of the others. */
const LANEWISE: ReadonlySet<string> = new Set([
  ..."add sub mul div min max pmin pmax abs neg sqrt nearest eq ne lt gt le ge".split(" ").map((
    name,
  ) => `f32x4.${name}`),
  ..."relaxed_madd relaxed_nmadd convert_i32x4_s".split(" ").map((name) => `f32x4.${name}`),
  ..."add sub shl shr_s shr_u lt_u trunc_sat_f32x4_s".split(" ").map((name) => `i32x4.${name}`),
  ..."and andnot or xor bitselect".split(" ").map((name) => `v128.${name}`),
]);

/**
 * One expression for several that do the same to adjacent vectors; undefined if they do not.
 *
 * @param membersWith The variables that a variable is joined with, itself included.
 */
export function mergeVectors(
  parts: readonly Node[],
  membersWith: (variable: Variable) => readonly Variable[] | undefined,
): Node | undefined {
  const merge = (others: readonly Node[]) => mergeVectors(others, membersWith);
  const [first] = parts;
  const width = parts.length as Width;
  if (!parts.every(({ op }) => op === first.op)) return undefined;
  const alike = () => parts.every((part) => equal(part, first));
  switch (first.op) {
    case "local.get": {
      if (alike()) return spread(first, width);
      const members = membersWith(first.variable!);
      const joined = members?.length === width &&
        parts.every(({ variable }, j) => variable === members[j]);
      return joined ? { ...first, width } : undefined;
    }
    case "v128.load": {
      const adjacent = parts.every((part, j) =>
        part.offset === first.offset + 16 * j && equal(part.operands[0], first.operands[0])
      );
      return adjacent ? { ...first, width } : undefined;
    }
    case "v128.const":
      return {
        ...first,
        width,
        bytes: Uint8Array.from(parts.flatMap(({ bytes }) => [...bytes])),
      };
    case "v128.load32_splat":
    case "f32x4.splat":
    case "i32x4.splat":
      return alike() ? { ...first, width } : undefined;
    case "i8x16.shuffle": {
      const [a, b] = first.operands;
      const within = equal(a, b) &&
        parts.every(({ operands, bytes }) =>
          equal(operands[0], operands[1]) && equalBytes(bytes, first.bytes)
        );
      const operand = within && merge(parts.map(({ operands }) => operands[0]));
      return operand ? { ...first, width, operands: [operand, operand] } : undefined;
    }
  }
  if (!LANEWISE.has(first.op)) return undefined;
  const operands: Node[] = [];
  for (const [j, operand] of first.operands.entries()) {
    const others = parts.map(({ operands }) => operands[j]);
    const merged = operand.type === "v128"
      ? merge(others)
      : others.every((other) => equal(other, operand))
      ? operand
      : undefined;
    if (!merged) return undefined;
    operands.push(merged);
  }
  return { ...first, width, operands };
}

/** One vector, repeated as needed. */
function spread(vector: Node, width: Width): Node {
  return node("spread", "v128", { operands: [vector], width });
}

/** Whether all lanes of a vector are equal by construction. */
export function isUniform({ op, bytes }: Node): boolean {
  if (op === "v128.load32_splat" || op === "f32x4.splat" || op === "i32x4.splat") return true;
  return op === "v128.const" && bytes.every((byte, i) => byte === bytes[i % 4]);
}

/** Whether two expressions without effects have the same value at the same point. */
export function equal(a: Node, b: Node): boolean {
  return a.op === b.op && a.variable === b.variable && a.offset === b.offset &&
    a.index === b.index && Object.is(a.value, b.value) && equalBytes(a.bytes, b.bytes) &&
    a.operands.length === b.operands.length &&
    a.operands.every((operand, i) => equal(operand, b.operands[i]));
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
