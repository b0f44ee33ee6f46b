/** Reverse-mode automatic differentiation as a transformation of the program being traced. */
import { InputError } from "../errors.ts";
import { withScope } from "../graph/trace.ts";
import { formatShape, type GraphNode, sameShape, type Value } from "../graph/types.ts";
import { add } from "./add.ts";
import { fill } from "./fill.ts";

/**
 * Appends the nodes that compute the gradient of a scalar with respect to each value of `wrt` and
 * returns those gradients, in order; zeros for a value the loss does not depend on. Throws
 * InputError if `loss` is not a scalar, and for an op on the path that has no gradient rule.
 */
export function gradients(loss: Value, wrt: readonly Value[]): Value[] {
  if (loss.shape.length !== 0) {
    throw new InputError(
      `gradients are taken of a scalar; the loss has shape ${formatShape(loss.shape)}`,
    );
  }
  return vectorJacobianProduct([loss], [fill([], 1)], wrt);
}

/**
 * Appends the nodes that compute the gradient of `Σ outputs[i] · seeds[i]`, summed over all
 * elements, with respect to each value of `wrt` and returns those gradients, in order; zeros for a
 * value that no output depends on. A seed is the gradient of some loss with respect to its output,
 * and has its shape. Matches `torch.autograd.grad(outputs, wrt, grad_outputs=seeds)`. Throws
 * InputError where outputs and seeds do not match, and for an op on the path that has no gradient
 * rule.
 */
export function vectorJacobianProduct(
  outputs: readonly Value[],
  seeds: readonly Value[],
  wrt: readonly Value[],
): Value[] {
  if (outputs.length !== seeds.length) {
    throw new InputError(`${outputs.length} outputs have ${seeds.length} seeds`);
  }
  const found = new Map<Value, Value>();
  const accumulate = (value: Value, gradient: Value) => {
    const sum = found.get(value);
    found.set(value, sum ? add(sum, gradient) : gradient);
  };
  outputs.forEach((value, i) => {
    if (!sameShape(value.shape, seeds[i].shape)) {
      throw new InputError(
        `the seed of an output of shape ${formatShape(value.shape)} has shape ` +
          formatShape(seeds[i].shape),
      );
    }
    accumulate(value, seeds[i]);
  });
  const path = dependents(outputs, wrt);
  for (const node of path) {
    const outputGradients = node.outputs.map((value) => found.get(value));
    if (outputGradients.every((gradient) => gradient === undefined)) continue;
    const { op, inputs, attributes } = node;
    if (!op.gradient) {
      throw new InputError(
        `${
          node.scope ? `${node.scope}: ` : ""
        }${op.name} has no gradient, so what comes before it ` +
          "cannot be trained through it",
      );
    }
    const needed = inputs.map((value) => path.reaches(value));
    const rule = op.gradient.bind(op);
    withScope(node.scope, () => {
      rule({ inputs, outputs: node.outputs, attributes, outputGradients, needed })
        .forEach((gradient, i) => {
          if (gradient && needed[i]) accumulate(inputs[i], gradient);
        });
    });
  }
  return wrt.map((value) => found.get(value) ?? fill(value.shape, 0));
}

/**
 * The nodes between `wrt` and `outputs`, last first, and a test whether a value depends on `wrt`.
 */
function dependents(
  outputs: readonly Value[],
  wrt: readonly Value[],
): Iterable<GraphNode> & { reaches(value: Value): boolean } {
  const sources = new Set(wrt);
  const depends = new Map<GraphNode, boolean>();
  const order: GraphNode[] = [];
  const reaches = (value: Value) => sources.has(value) || depends.get(value.node) === true;
  // An explicit stack: networks are deeper than the call stack allows.
  const stack: { node: GraphNode; next: number }[] = [];
  const visit = (node: GraphNode) => {
    if (depends.has(node)) return;
    depends.set(node, false);
    stack.push({ node, next: 0 });
  };
  for (const output of outputs) {
    visit(output.node);
    while (stack.length > 0) {
      const frame = stack[stack.length - 1];
      const child = frame.node.inputs[frame.next++];
      if (child) {
        visit(child.node);
        continue;
      }
      depends.set(frame.node, frame.node.inputs.some(reaches));
      if (frame.node.inputs.some(reaches)) order.push(frame.node);
      stack.pop();
    }
  }
  order.reverse();
  return { [Symbol.iterator]: () => order[Symbol.iterator](), reaches };
}
