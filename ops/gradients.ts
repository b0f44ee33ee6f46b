/** Reverse-mode automatic differentiation as a transformation of the program being traced. */
import { InputError } from "../errors.ts";
import { add } from "./add.ts";
import { fill } from "./fill.ts";
import { formatShape, type GraphNode, type Value } from "../graph/types.ts";
import { withScope } from "../graph/trace.ts";

/**
 * Appends the nodes that compute the gradient of a scalar by each value of `wrt` and returns those
 * gradients, in order; a value the loss does not depend on gets zeros.
 * Throws InputError if `loss` is not a scalar.
 */
export function gradients(loss: Value, wrt: readonly Value[]): Value[] {
  if (loss.shape.length !== 0) {
    throw new InputError(
      `gradients are taken of a scalar; the loss has shape ${formatShape(loss.shape)}`,
    );
  }
  const path = dependents(loss, wrt);
  const found = new Map<Value, Value>();
  found.set(loss, fill([], 1));
  for (const node of path) {
    const outputGradients = node.outputs.map((value) => found.get(value));
    if (outputGradients.every((gradient) => gradient === undefined)) continue;
    const { op, inputs, outputs, attributes } = node;
    if (!op.gradient) continue;
    const needed = inputs.map((value) => path.reaches(value));
    const rule = op.gradient.bind(op);
    withScope(node.scope, () => {
      rule({ inputs, outputs, attributes, outputGradients, needed }).forEach((gradient, i) => {
        if (!gradient || !needed[i]) return;
        const sum = found.get(inputs[i]);
        found.set(inputs[i], sum ? add(sum, gradient) : gradient);
      });
    });
  }
  return wrt.map((value) => found.get(value) ?? fill(value.shape, 0));
}

/** The nodes between `wrt` and `loss`, last first, and whether a value depends on `wrt`. */
function dependents(
  loss: Value,
  wrt: readonly Value[],
): Iterable<GraphNode> & { reaches(value: Value): boolean } {
  const sources = new Set(wrt);
  const depends = new Map<GraphNode, boolean>();
  const order: GraphNode[] = [];
  const reaches = (value: Value) => sources.has(value) || depends.get(value.node) === true;
  // An explicit stack: networks are deeper than the call stack is high.
  const stack: { node: GraphNode; next: number }[] = [{ node: loss.node, next: 0 }];
  depends.set(loss.node, false);
  while (stack.length > 0) {
    const frame = stack[stack.length - 1];
    const child = frame.node.inputs[frame.next++];
    if (child) {
      if (!depends.has(child.node)) {
        depends.set(child.node, false);
        stack.push({ node: child.node, next: 0 });
      }
      continue;
    }
    depends.set(frame.node, frame.node.inputs.some(reaches));
    if (frame.node.inputs.some(reaches)) order.push(frame.node);
    stack.pop();
  }
  order.reverse();
  return { [Symbol.iterator]: () => order[Symbol.iterator](), reaches };
}
