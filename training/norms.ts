/**
 * Norms of a training step: of gradient, parameters and update, for each parameter. The step
 * computes their squares on the backend and leaves them in a variable, which is read for the log.
 */
import type { Executable } from "../backends/backend.ts";
import { pendingUpdates, readVariable, updateVariable } from "../graph/trace.ts";
import type { Value, Variable } from "../graph/types.ts";
import { PARAMETERS } from "../layers/state.ts";
import { pack } from "../ops/pack.ts";
import { segmentSumSquares } from "../ops/segment_sum_squares.ts";
import { subtract } from "../ops/subtract.ts";
import { sum } from "../reporting/statistics.ts";
import { z } from "../schema/entry.ts";
import type { ResolvedRecipe } from "./recipe.ts";

/** Which norms are logged. */
export const logNormsSchema = z.union([z.boolean(), z.literal("parameters")]).default(false)
  .describe(
    "Log the norms of gradient and parameters and how much a step changes these: true, of all " +
      "parameters together; parameters: of each one besides",
  );

/** The squares of a step's norms: of gradients, parameters and updates, one per parameter. */
const NORMS = "norms";

/** 2-norms of a step. */
export interface Norms {
  /** Of the gradient of the loss: not scaled, not clipped. */
  readonly gradient: number;
  /** Of the parameter before the step. */
  readonly parameter: number;
  /** Of the step's change of the parameter. */
  readonly update: number;
}

/** The norms of a step, of all parameters that it trains. */
export interface StepNorms {
  /** Of all together. */
  readonly total: Norms;
  /** By state-dict name. */
  readonly parameters: ReadonlyMap<string, Norms>;
}

/** Stores the results of {@link traceNorms}. */
export function normsVariable({ layout }: ResolvedRecipe): Variable {
  return { name: NORMS, size: 3 * layout.ranges.length };
}

/**
 * Traces the norms of a step whose updates have been recorded.
 *
 * @param gradient of the loss, packed like the parameters
 */
export function traceNorms(
  { trained, parameterSize: size }: ResolvedRecipe,
  gradient: Value,
): void {
  const before = readVariable(PARAMETERS, 0, [size]);
  const moves = pendingUpdates().filter(({ variable }) => variable === PARAMETERS);
  const after = pack(moves.map(({ value }) => value), moves.map(({ offset }) => offset), size);
  [gradient, before, subtract(after, before)].forEach((values, i) =>
    updateVariable(NORMS, i * trained.length, segmentSumSquares(values, trained))
  );
}

/** Reads the norms of the last step, one of `recipe`. */
export async function readNorms(
  { trained }: ResolvedRecipe,
  executable: Pick<Executable, "read">,
): Promise<StepNorms> {
  const squares = await executable.read(NORMS);
  const count = trained.length;
  const of = (at: number): number[] => Array.from(squares.subarray(at * count, (at + 1) * count));
  const [gradients, parameters, updates] = [of(0), of(1), of(2)];
  const norms = (squareOf: (squares: readonly number[]) => number): Norms => ({
    gradient: Math.sqrt(squareOf(gradients)),
    parameter: Math.sqrt(squareOf(parameters)),
    update: Math.sqrt(squareOf(updates)),
  });
  return {
    total: norms(sum),
    parameters: new Map(trained.map(({ name }, i) => [name, norms((squares) => squares[i])])),
  };
}

/** Norms as in the metrics log; `null` is missing, such as the ratio for a parameter of zeros. */
export function loggedNorms(
  { total, parameters }: StepNorms,
  which: z.output<typeof logNormsSchema>,
): Readonly<Record<string, unknown>> {
  if (which === false) return {};
  const each = (of: (norms: Norms) => number) =>
    Object.fromEntries([...parameters].map(([name, norms]) => [name, rounded(of(norms))]));
  return {
    gradientNorm: rounded(total.gradient),
    parameterNorm: rounded(total.parameter),
    updateRatio: rounded(ratioOf(total)),
    ...(which === "parameters"
      ? {
        gradientNorms: each(({ gradient }) => gradient),
        parameterNorms: each(({ parameter }) => parameter),
        updateRatios: each(ratioOf),
      }
      : {}),
  };
}

/** The relative change of a parameter in a step. */
function ratioOf({ update, parameter }: Norms): number {
  return update / parameter;
}

/** Rounded to the digits of an f32. */
function rounded(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(7)) : null;
}
