/**
 * Where in a picture a network sees a class: the maps of its last convolution, weighted by what they
 * do to the class's logit.
 *
 * With the features A [C, h, w] of the last convolution and the logit y of a class, the weight of map k
 * is `Σ ∂y / ∂A[k, i, j]` over all places, and the class activation map `Σ weight[k] · A[k]`. Where the
 * features are averaged over all places and one linear layer follows, the weights are that layer's:
 * it is the map of Zhou et al. 2016, "Learning Deep Features for Discriminative Localization"
 * (equation 2), exactly. For all other networks it is Grad-CAM (Selvaraju et al. 2017, equations 1 and
 * 2) times the number of places, before its ReLU.
 */
import { InputError } from "../errors.ts";
import { extendProgram, input, output } from "../graph/trace.ts";
import { type Program, sameShape, sizeOf, type Value } from "../graph/types.ts";
import { conv2dOp } from "./conv2d.ts";
import { vectorJacobianProduct } from "./gradients.ts";

/** The input of {@link classActivationProgram} that says which class, f32 [N, classes]: 1 for it. */
export const CHOSEN = "chosen";

/**
 * A program of inference that also gives, of each picture, the `features` [N, C, h, w] of the last
 * convolution and the `gradient` of the chosen class's logit by them, of the same shape. Its input
 * {@link CHOSEN} says which class that is. Throws InputError for a network without a convolution whose
 * results are spread over places, or with an op behind it that has no gradient.
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
 * The class activation map [h, w] of a picture, row-major. Positive where the picture speaks for the
 * class; the unit is that of the logits.
 *
 * @param features [C, h, w]
 * @param gradient of the class's logit by them, of as many numbers
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
 * What the last convolution comes to: the last value of as many places that all its ways to the logits
 * lead through. That is after its batch norm, activation and whatever it is added to or stands beside,
 * and before any pooling.
 */
function lastFeatures({ nodes, outputs: { logits } }: Program): Value {
  const used = leadingTo(logits);
  const convolution = nodes.findLast(({ op, outputs: [value] }) =>
    op === conv2dOp && used.has(value) && sizeOf(value.shape.slice(2)) > 1
  );
  if (!convolution) {
    throw new InputError(
      "the network has no convolution whose results are spread over places of the picture, so there " +
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

/** The values that a value is computed of, itself among them, by ways that do not lead through `without`. */
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
