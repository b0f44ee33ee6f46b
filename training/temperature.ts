/**
 * Temperature scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2):
 * the temperature T with the least mean negative log-likelihood of softmax(logits / T).
 */
import { RunError } from "../errors.ts";
import { MAX_TEMPERATURE, MIN_TEMPERATURE } from "../networks/temperature.ts";
import { logSoftmaxRow, softmaxRow } from "../ops/softmax.ts";

/** Maximum steps; each at least halves the previous interval, and a few are enough. */
const MAX_STEPS = 200;
/** The temperature's relative error. */
const TOLERANCE = 1e-14;

/**
 * The mean negative log-likelihood of labels.
 *
 * @param logits [N, classes]
 * @param labels N of them, from 0 to classes - 1
 * @param temperature divisor of the logits; default 1
 */
export function negativeLogLikelihood(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  temperature = 1,
): number {
  let total = 0;
  for (const { row, label } of rowsOf(logits, labels)) {
    total -= logSoftmaxRow(row.map((logit) => logit / temperature))[label];
  }
  return total / labels.length;
}

/**
 * The temperature from 0.01 to 100 at which labels are most likely. The mean negative
 * log-likelihood is convex in 1 / T; its root is found by Newton's method in float64, with
 * bisection where that would leave the interval that contains the root. Throws RunError if the
 * minimum is beyond these bounds: for logits that rank every label first, and for logits that are
 * unrelated to the labels.
 *
 * @param logits [N, classes]
 * @param labels N of them, from 0 to classes - 1
 */
export function fitTemperature(logits: ArrayLike<number>, labels: ArrayLike<number>): number {
  let [low, high] = [1 / MAX_TEMPERATURE, 1 / MIN_TEMPERATURE];
  if (!(slopes(logits, labels, low).first < 0)) {
    throw new RunError(
      "the logits are unrelated to the classes: the loss is lowest if all are equally probable; " +
        "train the network longer",
    );
  }
  if (!(slopes(logits, labels, high).first > 0)) {
    throw new RunError(
      `the loss falls down to a temperature of ${MIN_TEMPERATURE}, as where every image is ` +
        "classified correctly; calibrate on images that are not, for instance on more of them",
    );
  }
  let [inverse, step] = [1, high - low];
  for (let i = 0; i < MAX_STEPS; i++) {
    const { first, second } = slopes(logits, labels, inverse);
    if (first < 0) low = inverse;
    else high = inverse;
    let next = inverse - first / second;
    if (!(next >= low && next <= high && 2 * Math.abs(next - inverse) <= step)) {
      next = Math.sqrt(low * high);
    }
    step = Math.abs(next - inverse);
    inverse = next;
    if (step <= TOLERANCE * inverse) break;
  }
  return 1 / inverse;
}

/**
 * Derivatives by β = 1 / T of the mean of log Σₖ exp(β zₖ) - β z_label: the mean of E[z] - z_label and
 * that of the variance of z, both under softmax(β z).
 */
function slopes(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  inverse: number,
): { first: number; second: number } {
  let [first, second] = [0, 0];
  for (const { row, label } of rowsOf(logits, labels)) {
    const probabilities = softmaxRow(row.map((logit) => logit * inverse));
    const mean = probabilities.reduce((sum, p, k) => sum + p * row[k], 0);
    first += mean - row[label];
    second += probabilities.reduce((sum, p, k) => sum + p * (row[k] - mean) ** 2, 0);
  }
  return { first: first / labels.length, second: second / labels.length };
}

function* rowsOf(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
): Generator<{ row: Float64Array; label: number }, void, void> {
  const classes = logits.length / labels.length;
  const row = new Float64Array(classes);
  for (let n = 0; n < labels.length; n++) {
    for (let k = 0; k < classes; k++) row[k] = logits[n * classes + k];
    yield { row, label: labels[n] };
  }
}
