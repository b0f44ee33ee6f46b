/** Gradient rules against central differences, in float64. */
import { evaluateProgram } from "../../backends/reference/reference.ts";
import type { RandomSource } from "../../graph/random.ts";
import { constant, input, output, trace } from "../../graph/trace.ts";
import {
  type Program,
  type SampleOperand,
  type Shape,
  sizeOf,
  type Value,
} from "../../graph/types.ts";
import { vectorJacobianProduct } from "../../ops/gradients.ts";
import { drawElements, sampleOperand } from "../../ops/samples.ts";
import { deviation } from "./tolerance.ts";

const STEP = 1e-5;
const TOLERANCE = 1e-6;

/**
 * Throws unless the gradients of a randomly weighted sum of the outputs of `build` agree with
 * finite differences: of all f32 outputs and of each alone, with respect to all non-constant
 * operands and to each alone.
 */
export function checkGradient(
  given: readonly (Shape | SampleOperand)[],
  build: (operands: Value[]) => Value[],
  random: RandomSource,
): void {
  const operands = given.map(sampleOperand);
  const data = operands.map((operand) =>
    drawElements(new Float64Array(sizeOf(operand.shape)), operand, random)
  );
  const integers = Object.fromEntries(data.map((values, i) => [`${i}`, Int32Array.from(values)]));
  const evaluate = (program: Program) => {
    const values = evaluateProgram(program, integers, () => new Float64Array());
    return Object.values(program.outputs).map((value) => values.get(value)!);
  };
  const applied = () => {
    const values = operands.map(({ shape, dtype }, i) =>
      dtype === "f32" ? constant(shape, data[i]) : input(`${i}`, shape, dtype)
    );
    return { values, results: build(values).filter(({ dtype }) => dtype === "f32") };
  };
  const forward = trace({ name: "forward" }, () => {
    applied().results.forEach((value, i) => output(`${i}`, value));
  });
  const outputs = Object.values(forward.outputs);
  const seeds = outputs.map(({ shape }) =>
    Float64Array.from({ length: sizeOf(shape) }, () => random.normal())
  );

  const check = (of: readonly number[], by: readonly number[]) => {
    const backward = trace({ name: "backward" }, () => {
      const { values, results } = applied();
      vectorJacobianProduct(
        of.map((i) => results[i]),
        of.map((i) => constant(outputs[i].shape, seeds[i])),
        by.map((i) => values[i]),
      ).forEach((gradient, i) => output(`${i}`, gradient));
    });
    const weightedSum = () => {
      const values = evaluate(forward);
      return of.reduce(
        (total, i) => seeds[i].reduce((sum, weight, k) => sum + weight * values[i][k], total),
        0,
      );
    };
    evaluate(backward).forEach((actual, i) => {
      const { relative, detail } = deviation(actual, differences(data[by[i]], weightedSum));
      if (relative <= TOLERANCE) return;
      throw new Error(
        `the gradient of output ${of} by operand ${by[i]} is off by ${relative} (${detail})`,
      );
    });
  };
  const all = outputs.map((_, i) => i);
  const differentiated = operands.flatMap(({ constant }, i) => constant ? [] : [i]);
  check(all, differentiated);
  if (differentiated.length > 1) differentiated.forEach((i) => check(all, [i]));
  if (all.length > 1) all.forEach((i) => check([i], differentiated));
}

/** Central differences of `f` with respect to each of the numbers that it depends on. */
function differences(numbers: Float64Array, f: () => number): Float64Array {
  return Float64Array.from(numbers, (number, k) => {
    numbers[k] = number + STEP;
    const above = f();
    numbers[k] = number - STEP;
    const below = f();
    numbers[k] = number;
    return (above - below) / (2 * STEP);
  });
}
