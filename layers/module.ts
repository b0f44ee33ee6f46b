/**
 * `Module`: a plain object whose fields are parameters, modules or arrays of them.
 *
 * Nothing is registered. A model's tensors are found by walking its fields in the order of their
 * assignment, and a field's path is its state-dict name: `this.layer1[0].conv1.weight` is
 * `layer1.0.conv1.weight`. A camelCase field is named in snake_case, as PyTorch names it:
 * `runningMean` is `running_mean`.
 */
import { InputError } from "../errors.ts";
import { Parameter } from "../graph/parameter.ts";
import { withScope } from "../graph/trace.ts";
import { formatShape, sameShape, type Shape, sizeOf, type Value } from "../graph/types.ts";
import { initializeParameters } from "./init.ts";
import { joinPath } from "./names.ts";

/** A tensor of a state dict: shape and row-major elements. */
export interface StateTensor {
  /** Extents, outermost first; `[]` is a scalar. */
  readonly shape: Shape;
  /** The elements of the shape, row-major. */
  readonly data: ArrayLike<number | bigint>;
}

/**
 * A tensor's elements as f32: unchanged if they are; 64-bit integers from other programs become
 * floats.
 */
export function floatsOf({ data }: StateTensor): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data, Number);
}

/** Tensors by state-dict name. */
export type StateDict = ReadonlyMap<string, StateTensor>;

/** Maximum number of misfitting tensors that are listed. */
const MAX_TOLD = 20;

/** Options of {@link Module.loadStateDict}. */
export interface LoadOptions {
  /** Whether names the model lacks, or does not find, are an error. Default true. */
  readonly strict?: boolean;
}

/**
 * Something with a name and parameters: the base of every layer and model.
 *
 * A layer is a class with parameters as fields and a `forward`, here a convolution whose kernel is a
 * sum of two:
 *
 * ```ts
 * import { add, conv2d, Module, Parameter, type Value } from "./mod.ts";
 *
 * class TwinConv2d extends Module {
 *   first = new Parameter([8, 3, 3, 3]);
 *   second = new Parameter([8, 3, 3, 3]);
 *   forward(input: Value): Value {
 *     return conv2d(input, add(this.first, this.second), undefined, { padding: 1 });
 *   }
 * }
 *
 * console.log([...new TwinConv2d().stateDict().keys()]); // ["first", "second"]
 * ```
 */
export abstract class Module {
  /** Name within the parent, such as `conv1` or `0`; empty at the root. */
  #name = "";

  /** Computes the module's output. It invokes inner modules by {@link call}. */
  abstract forward(input: Value): Value;

  /**
   * Runs {@link forward} with the module's path as the scope of the nodes it records, so that
   * errors and folded kernels have state-dict names. Must be inside a `trace`.
   */
  call(input: Value): Value {
    for (const [name, member] of this.members()) {
      if (member instanceof Module) member.#name = name;
    }
    return withScope(this.#name, () => this.forward(input));
  }

  /** Parameters and modules directly inside this one, with their names here, in order. */
  *members(): Iterable<[name: string, member: Parameter | Module]> {
    for (const [field, value] of Object.entries(this)) yield* membersOf(snakeCase(field), value);
  }

  /**
   * Names of parts of this module in other programs, with their names here, longer names before
   * their prefixes: weights with those names can be read too.
   */
  get publishedNames(): Readonly<Record<string, string>> {
    return {};
  }

  /** This module and all inside it by path, `""` for itself, parents first. */
  namedModules(): Map<string, Module> {
    const modules = new Map<string, Module>();
    const seen = new Set<Module>();
    const visit = (path: string, module: Module) => {
      if (seen.has(module)) return;
      seen.add(module);
      modules.set(path, module);
      for (const [name, member] of module.members()) {
        if (member instanceof Module) visit(joinPath(path, name), member);
      }
    };
    visit("", this);
    return modules;
  }

  /**
   * Every parameter and buffer by state-dict name, in PyTorch's order: a module's own before those
   * of the modules inside it. Sets each parameter's `name`; a shared one keeps the first.
   */
  namedParameters(): Map<string, Parameter> {
    const parameters = new Map<string, Parameter>();
    const seen = new Set<Parameter>();
    for (const [path, module] of this.namedModules()) {
      for (const [name, member] of module.members()) {
        if (member instanceof Module || seen.has(member)) continue;
        seen.add(member);
        member.name = joinPath(path, name);
        parameters.set(member.name, member);
      }
    }
    return parameters;
  }

  /** Copies of all parameters and buffers by name. Names and order match PyTorch's `state_dict`. */
  stateDict(): Map<string, StateTensor & { readonly data: Float32Array }> {
    return new Map(
      [...this.namedParameters()].map((
        [name, { shape, data }],
      ) => [name, { shape, data: data.slice() }]),
    );
  }

  /**
   * Loads the values of a state dict. Throws one InputError that lists every tensor that is
   * missing, unexpected or of another shape; with `strict: false` only shapes must fit. Nothing is
   * changed when it throws.
   */
  loadStateDict(tensors: StateDict, { strict = true }: LoadOptions = {}): void {
    const parameters = this.namedParameters();
    const problems: string[] = [];
    if (strict) {
      for (const [name, { shape }] of parameters) {
        if (!tensors.has(name)) problems.push(`missing: ${name} ${formatShape(shape)}`);
      }
    }
    for (const [name, { shape, data }] of tensors) {
      const expected = parameters.get(name)?.shape;
      if (!expected) {
        if (strict) problems.push(`unexpected: ${name} ${formatShape(shape)}`);
      } else if (!sameShape(shape, expected)) {
        problems.push(
          `wrong shape: ${name} is ${formatShape(shape)}, the model has ${formatShape(expected)}`,
        );
      } else if (data.length !== sizeOf(shape)) {
        problems.push(
          `wrong size: ${name} ${formatShape(shape)} holds ${data.length} numbers, ` +
            `expected ${sizeOf(shape)}`,
        );
      }
    }
    if (problems.length > 0) {
      const told = problems.slice(0, MAX_TOLD);
      if (told.length < problems.length) told.push(`and ${problems.length - told.length} more`);
      throw new InputError(
        `the tensors do not fit the model (${problems.length} ` +
          `${problems.length === 1 ? "problem" : "problems"}):\n  ${told.join("\n  ")}\n` +
          "Build the model with the options the tensors were saved under.",
      );
    }
    for (const [name, parameter] of parameters) {
      const data = tensors.get(name)?.data ?? [];
      for (let i = 0; i < data.length; i++) parameter.data[i] = Number(data[i]);
    }
  }

  /**
   * Draws every initial value again. A number depends on the seed, the path of the module it is in
   * and the number of that module's tensors drawn before, and on nothing else in the model.
   */
  initialize(seed: number): void {
    for (const [path, module] of this.namedModules()) {
      const own = [...module.members()].map(([, member]) => member)
        .filter((member) => member instanceof Parameter);
      initializeParameters(own, seed, path);
    }
  }
}

function* membersOf(name: string, value: unknown): Iterable<[string, Parameter | Module]> {
  if (value instanceof Parameter || value instanceof Module) {
    yield [name, value];
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* membersOf(`${name}.${index}`, item);
  }
}

/** `runningMean` → `running_mean`; a leading capital stays, `W` → `W`. */
function snakeCase(field: string): string {
  return field.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
