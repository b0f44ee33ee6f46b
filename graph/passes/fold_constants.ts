/**
 * Constant folding: values that depend only on constants are computed once, on the host, in
 * float64, at first use.
 *
 * This is all that folding an over-parameterized network needs. In an inference program the
 * parameters are constants, so a kernel composed from them is one too; the pass replaces it by its
 * value and never learns which method composed it.
 */
import { ComputedConstant, constantOp, inputOp, variableOp } from "../leaves.ts";
import { makeNode } from "../node.ts";
import { joinPath } from "../paths.ts";
import { rewriteProgram, type Rewriter } from "../rewrite.ts";
import type { GraphNode, HostTensor, Program, Shape, Value } from "../types.ts";
import { eliminateDeadCode } from "./dead_code.ts";

/**
 * The program with every constant subexpression replaced by its value.
 *
 * A computed constant is named after its first use, `<module path>.<input name>`: the kernel
 * composed for the convolution in `layer1.0.conv1` becomes `layer1.0.conv1.weight`, the name a
 * plain convolution there would have. A constant that already has that name and only has another
 * shape, such as the matrix of a layer that is computed as a convolution, stays unchanged.
 */
export function foldConstants(program: Program): Program {
  const known = new Map<Value, Known>();
  const materialized = new Map<Value, Value>();

  function materialize(value: Value, name: string | undefined, rewriter: Rewriter): Value {
    const existing = materialized.get(value);
    if (existing) return existing;
    const { op, inputs, attributes, scope } = value.node;
    if (name !== undefined && isViewOfItsName(value.node, name)) {
      const source = materialize(inputs[0], undefined, rewriter);
      const [view] = rewriter.emit(makeNode(op, [source], attributes, [value], scope));
      materialized.set(value, view);
      return view;
    }
    const { shape, data } = known.get(value)!;
    const constant = op === constantOp ? attributes : new ComputedConstant(shape, data, name);
    const [leaf] = rewriter.emit(makeNode(constantOp, [], constant, [value], scope));
    materialized.set(value, leaf);
    return leaf;
  }

  const folded = rewriteProgram(program, (node, rewriter) => {
    const { op } = node;
    if (op !== inputOp && op !== variableOp && node.inputs.every((value) => known.has(value))) {
      const results = once(() => evaluate(node, known));
      node.outputs.forEach((value, i) =>
        known.set(value, { shape: value.shape, data: () => results()[i] })
      );
      // A value that a program output returns is needed itself; others appear where they are used.
      return node.outputs.map((value) => {
        const shown = Object.values(program.outputs).includes(value) ||
          program.updates.some((update) => update.value === value);
        return shown ? materialize(value, undefined, rewriter) : value;
      });
    }
    const inputs = node.inputs.map((value, i) =>
      known.has(value)
        ? materialize(value, joinPath(node.scope, node.op.inputNames[i]), rewriter)
        : rewriter.replacement(value)
    );
    return rewriter.emit(makeNode(op, inputs, node.attributes, node.outputs, node.scope));
  });
  return eliminateDeadCode(folded);
}

/** Whether a node is a constant of this name under another shape. */
function isViewOfItsName({ op, inputs }: GraphNode, name: string): boolean {
  return op.viewOffset !== undefined && inputs[0].node.op === constantOp &&
    inputs[0].node.attributes.name === name;
}

/** A value that depends on constants alone. */
interface Known {
  readonly shape: Shape;
  /** Its elements, computed at first use. */
  data(): Float64Array;
}

function evaluate(
  { op, inputs, attributes, outputs }: GraphNode,
  known: ReadonlyMap<Value, Known>,
): Float64Array[] {
  const operands = inputs.map((value): HostTensor => {
    const { shape, data } = known.get(value)!;
    return { shape, data: data() };
  });
  return op.evaluate(operands, attributes, outputs);
}

function once<T>(compute: () => T): () => T {
  let result: { readonly value: T } | undefined;
  return () => (result ??= { value: compute() }).value;
}
