/**
 * Class activation maps: heat maps of the evidence for a class in an image. Each is a sum of the last
 * convolution's maps, weighted by their effect on the class's logit.
 *
 * With the features A [C, h, w] of the last convolution and the logit y of a class, the weight of
 * map k is `Σ ∂y / ∂A[k, i, j]` over all places, and the class activation map `Σ weight[k] · A[k]`.
 * If the features are averaged over all places and one linear layer follows, the weights are that
 * layer's, and this is the map of Zhou et al. 2016, "Learning Deep Features for Discriminative
 * Localization" (equation 2), exactly. For other networks it is Grad-CAM (Selvaraju et al. 2017,
 * equations 1 and 2) times the number of places, before its ReLU.
 */
import { InputError } from "../errors.ts";
import { extendProgram, input, output } from "../graph/trace.ts";
import { type Program, sameShape, sizeOf, type Value } from "../graph/types.ts";
import { conv2dOp } from "./conv2d.ts";
import { vectorJacobianProduct } from "./gradients.ts";

/**
 * The input of {@link classActivationProgram} that chooses the class, f32 [N, classes]: 1 for that
 * class.
 */
export const CHOSEN = "chosen";

/**
 * An inference program that also returns, for each image, the `features` [N, C, h, w] of the last
 * convolution and the `gradient` of the chosen class's logit with respect to them, of the same
 * shape. Its input {@link CHOSEN} chooses the class. Throws InputError for a network without a
 * convolution with a spatial result, or with an op after it that has no gradient.
 *
 * @param program has an output `logits` [N, classes]
 */
export function classActivationProgram(program: Program): Program {
  const { logits } = program.outputs;
  const features = lastFeatures(program);
  return extendProgram(program, () => {
    const chosen = input(CHOSEN, logits.shape);
    const [gradient] = vectorJacobianProduct([logits], [chosen], [features]);
    output("features", features);
    output("gradient", gradient);
  });
}

/**
 * The class activation map [h, w] of an image, row-major. Positive where the image supports the
 * class; the unit is that of the logits.
 *
 * @param features [C, h, w]
 * @param gradient of the class's logit with respect to them, of the same shape
 * @param channels C
 */
export function classActivationMap(
  features: ArrayLike<number>,
  gradient: ArrayLike<number>,
  channels: number,
): Float64Array {
  const places = features.length / channels;
  const map = new Float64Array(places);
  for (let k = 0; k < channels; k++) {
    let weight = 0;
    for (let i = 0; i < places; i++) weight += gradient[k * places + i];
    for (let i = 0; i < places; i++) map[i] += weight * features[k * places + i];
  }
  return map;
}

/**
 * The features after the last convolution: the last value of the same spatial size on every path
 * from it to the logits. That is after its batch norm, activation and any addition or
 * concatenation, and before any pooling.
 */
function lastFeatures({ nodes, outputs: { logits } }: Program): Value {
  const used = leadingTo(logits);
  const convolution = nodes.findLast(({ op, outputs: [value] }) =>
    op === conv2dOp && used.has(value) && sizeOf(value.shape.slice(2)) > 1
  );
  if (!convolution) {
    throw new InputError(
      "the network has no convolution with a spatial result, so there " +
        "is nothing to show where it looks",
    );
  }
  const [result] = convolution.outputs;
  const isAsLarge = ({ shape }: Value) =>
    shape.length === 4 && sameShape(shape.slice(2), result.shape.slice(2));
  const after = nodes.slice(nodes.indexOf(convolution)).flatMap(({ outputs }) => outputs);
  return after.findLast((value) =>
    used.has(value) && isAsLarge(value) && !leadingTo(logits, value).has(result)
  ) ?? result;
}

/** The values that a value depends on, itself included, by paths that avoid `without`. */
function leadingTo(value: Value, without?: Value): ReadonlySet<Value> {
  const found = new Set<Value>();
  const stack = [value];
  for (let next = stack.pop(); next; next = stack.pop()) {
    if (next === without || found.has(next)) continue;
    found.add(next);
    stack.push(...next.node.inputs);
  }
  return found;
}
