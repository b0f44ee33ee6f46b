/** Gradient rules against central differences, in float64. */
import { evaluateProgram } from "../../backends/reference/reference.ts";
import { constant, output, trace } from "../../graph/trace.ts";
import { type Program, type Shape, sizeOf, type Value } from "../../graph/types.ts";
import { vectorJacobianProduct } from "../../ops/gradients.ts";
import { deviation } from "./tolerance.ts";

/** A small case of an op. */
export interface GradientCase {
  /** Shapes of the operands that are differentiated; they are given random values. */
  readonly shapes: readonly Shape[];
  /** Applies the op. */
  readonly build: (operands: Value[]) => Value | Value[];
  /** Moves the operands' random values, standard normal, to where the op is smooth. */
  readonly adjust?: (value: number, operand: number) => number;
}

const STEP = 1e-5;
const TOLERANCE = 1e-6;

/**
 * Throws unless the gradients of a random weighted sum of the case's outputs agree with differences
 * of that sum, for all operands together and for each alone. Returns the programs' op names.
 */
export function checkGradient(gradientCase: GradientCase, normal: () => number): Set<string> {
  const { shapes, build, adjust = (value) => value } = gradientCase;
  const data = shapes.map((shape, i) =>
    Float64Array.from({ length: sizeOf(shape) }, () => adjust(normal(), i))
  );
  const operands = () => shapes.map((shape, i) => constant(shape, data[i]));
  const outputsOf = (values: Value[]) => [build(values)].flat();

  const forward = trace({ name: "forward" }, () => {
    outputsOf(operands()).forEach((value, i) => output(`${i}`, value));
  });
  const outputs = Object.values(forward.outputs);
  const seeds = outputs.map(({ shape }) => Float64Array.from({ length: sizeOf(shape) }, normal));
  const weightedSum = () => {
    const values = evaluate(forward);
    return seeds.reduce(
      (total, seed, i) => seed.reduce((sum, weight, k) => sum + weight * values[i][k], total),
      0,
    );
  };
  const gradientsOf = (chosen: number[]) => {
    const backward = trace({ name: "backward" }, () => {
      const values = operands();
      const results = outputsOf(values);
      vectorJacobianProduct(
        results,
        results.map(({ shape }, i) => constant(shape, seeds[i])),
        chosen.map((i) => values[i]),
      ).forEach((gradient, i) => output(`${i}`, gradient));
    });
    return evaluate(backward);
  };

  const differences = data.map((values) =>
    Float64Array.from(values, (value, k) => {
      values[k] = value + STEP;
      const above = weightedSum();
      values[k] = value - STEP;
      const below = weightedSum();
      values[k] = value;
      return (above - below) / (2 * STEP);
    })
  );
  const together = gradientsOf(shapes.map((_, i) => i));
  differences.forEach((expected, i) => {
    for (const actual of [together[i], gradientsOf([i])[0]]) {
      const { relative, detail } = deviation(actual, expected);
      if (!(relative <= TOLERANCE)) {
        throw new Error(`the gradient by operand ${i} is off by ${relative} (${detail})`);
      }
    }
  });
  return new Set(forward.nodes.map(({ op }) => op.name));
}

/** The outputs of a program without inputs, in order. */
function evaluate(program: Program): Float64Array[] {
  const values = evaluateProgram(program, {}, () => new Float64Array());
  return Object.values(program.outputs).map((value) => values.get(value) ?? new Float64Array());
}
