/**
 * Activations: elementwise ops of one operand. Each is an expression and that of its gradient; the
 * two ops follow.
 */
import { InputError } from "../errors.ts";
import { type AttributeRules, wrongAttribute } from "../graph/attribute_rules.ts";
import { apply } from "../graph/trace.ts";
import type { Arithmetic, Op } from "../graph/types.ts";
import { type ElementwiseDefinition, elementwiseOp } from "./elementwise.ts";

interface ActivationDefinition<A> {
  /** Unique name, such as `relu`. */
  readonly name: string;
  /** What the attributes must be, in a stored program too. */
  readonly stored: AttributeRules<A>;
  /** Attributes to try it with; the first are the defaults, see {@link Op.samples}. */
  readonly samples: readonly A[];
  /** ONNX's own form, if it has one; see {@link ElementwiseDefinition}. */
  readonly onnx?: ElementwiseDefinition<A>["onnx"];
  /** The result for one element. */
  expression<E>(e: Arithmetic<E>, x: E, attributes: A): E;
  /**
   * What the gradient is computed from. If the output suffices, the input is not kept and fuses
   * with the op.
   */
  readonly gradientOf: "input" | "output";
  /** The gradient with respect to one element, given that of its result, and {@link gradientOf}. */
  gradient<E>(e: Arithmetic<E>, dy: E, of: E, attributes: A): E;
}

/** Numbers on both sides of every bend of activations. */
const PLACES = { shape: [6, 5], range: [-8, 8] } as const;

/**
 * The op of an activation, and the op of its gradient, `<name>Gradient`: (outputGradient, input or
 * output) → the gradient with respect to the input. The op's shape rule throws InputError for
 * invalid attributes.
 */
export function activationOps<A = Record<never, never>>(
  { name, stored, samples, onnx, expression, gradientOf, gradient }: ActivationDefinition<A>,
): readonly [op: Op<A>, gradientOp: Op<A>] {
  const gradientOp = elementwiseOp<A>({
    name: `${name}Gradient`,
    inputNames: ["outputGradient", gradientOf],
    samples: samples.map((attributes) => ({ operands: [PLACES.shape, PLACES], attributes })),
    expression: (e, [dy, of], attributes) => [gradient(e, dy, of, attributes)],
  });
  const op = elementwiseOp<A>({
    name,
    inputNames: ["input"],
    stored,
    samples: samples.map((attributes) => ({ operands: [PLACES], attributes })),
    onnx,
    expression: (e, [x], attributes) => [expression(e, x, attributes)],
    gradient: ({ inputs: [input], outputs: [output], outputGradients: [dy], attributes }) => [
      dy && apply(gradientOp, [dy, gradientOf === "input" ? input : output], attributes)[0],
    ],
  });
  const infer: Op<A>["infer"] = (inputs, attributes) => {
    const wrong = wrongAttribute(stored, attributes as Readonly<Record<string, unknown>>);
    if (wrong) throw new InputError(`${name}: ${wrong}`);
    return op.infer(inputs, attributes);
  };
  return [{ ...op, infer }, gradientOp];
}
