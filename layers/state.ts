/**
 * Memory layout of a model's tensors: all parameters in one variable, all buffers in another, so
 * that an optimizer, weight averaging or a checkpoint is one pass over one array.
 */
import { InputError } from "../errors.ts";
import type { Parameter } from "../graph/parameter.ts";
import type { Binding } from "../graph/trace.ts";
import { type Shape, sizeOf, type Variable } from "../graph/types.ts";
import type { Module } from "./module.ts";

/** Tensors start at multiples of this many elements, 16 bytes: one SIMD vector. */
const ALIGNMENT = 4;

/** Name of the variable of all trained tensors. */
export const PARAMETERS = "parameters";
/** Name of the variable of all other state, such as running statistics. */
export const BUFFERS = "buffers";

/** The place of one tensor. */
export interface StateRange {
  /** State-dict name. */
  readonly name: string;
  readonly parameter: Parameter;
  readonly variable: typeof PARAMETERS | typeof BUFFERS;
  /** First element. */
  readonly offset: number;
  /** Number of elements. */
  readonly size: number;
}

/** The variables of a model; see {@link layoutState}. */
export interface StateLayout {
  /** `parameters` and `buffers` with their sizes; a variable without tensors is omitted. */
  readonly variables: readonly Variable[];
  /** In order of their offsets. */
  readonly ranges: readonly StateRange[];
  /**
   * Leading elements of `parameters` that are kernels and matrices: those with weight decay if
   * batch norms and biases have none.
   */
  readonly weightSize: number;
  /** For `trace`: where each parameter lives. Throws InputError for one of another model. */
  readonly bind: (parameter: Parameter) => Binding;
}

/**
 * Assigns every tensor of a model its place: weights first, then batch norms and biases; buffers
 * separately.
 */
export function layoutState(module: Module): StateLayout {
  const all = [...module.namedParameters().values()];
  const weights = place(all.filter(({ role }) => role === "weight"), PARAMETERS, 0);
  const others = place(
    all.filter(({ role }) => role === "norm" || role === "bias"),
    PARAMETERS,
    weights.end,
  );
  const buffers = place(all.filter(({ role }) => role === "buffer"), BUFFERS, 0);
  const ranges = [...weights.ranges, ...others.ranges, ...buffers.ranges];
  const bindings = new Map<Parameter, Binding>(
    ranges.map(({ parameter, variable, offset }) => [parameter, { variable, offset }]),
  );
  return {
    variables: [{ name: PARAMETERS, size: others.end }, { name: BUFFERS, size: buffers.end }]
      .filter(({ size }) => size > 0),
    ranges,
    weightSize: weights.end,
    bind(parameter) {
      const binding = bindings.get(parameter);
      if (!binding) {
        throw new InputError(
          `${parameter.name || "a parameter"} is not in a field of the model that is traced; ` +
            "parameters are found by walking a module's fields",
        );
      }
      return binding;
    },
  };
}

function place(
  parameters: readonly Parameter[],
  variable: StateRange["variable"],
  start: number,
): { ranges: StateRange[]; end: number } {
  let end = start;
  const ranges = parameters.map((parameter): StateRange => {
    const offset = end;
    const size = sizeOf(parameter.shape);
    end = Math.ceil((offset + size) / ALIGNMENT) * ALIGNMENT;
    return { name: parameter.name, parameter, variable, offset, size };
  });
  return { ranges, end };
}

/**
 * The tensors of an array laid out like `variable`, by state-dict name: the variable, a gradient, a
 * slot. They are views of the array, not copies.
 */
export function unpackState(
  layout: StateLayout,
  variable: StateRange["variable"],
  arena: Float32Array,
): Map<string, { shape: Shape; data: Float32Array }> {
  return new Map(
    rangesOf(layout, variable).map(({ name, parameter: { shape }, offset, size }) => [
      name,
      { shape, data: arena.subarray(offset, offset + size) },
    ]),
  );
}

/**
 * The reverse of {@link unpackState}; gaps are zero. Throws InputError for a missing tensor or one
 * of another size.
 */
export function packState(
  layout: StateLayout,
  variable: StateRange["variable"],
  tensors: ReadonlyMap<string, { readonly data: ArrayLike<number> }>,
): Float32Array {
  const arena = new Float32Array(
    layout.variables.find(({ name }) => name === variable)?.size ?? 0,
  );
  for (const { name, offset, size } of rangesOf(layout, variable)) {
    const data = tensors.get(name)?.data;
    if (data?.length !== size) {
      throw new InputError(
        `the tensor ${name} has ${data?.length ?? "no"} numbers; expected ${size}`,
      );
    }
    arena.set(data, offset);
  }
  return arena;
}

function rangesOf(layout: StateLayout, variable: StateRange["variable"]): StateRange[] {
  return layout.ranges.filter((range) => range.variable === variable);
}
