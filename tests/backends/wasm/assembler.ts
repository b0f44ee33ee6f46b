/** Runs modules of the assembler. */
import {
  type Expression,
  ModuleBuilder,
  v128,
  type ValueType,
  type Vector,
} from "../../../assembler/mod.ts";

/** An exported function. */
type WasmFunction = (...values: (number | bigint)[]) => number | bigint;

/** A module over a memory of its own. */
export function instantiate(
  module: ModuleBuilder,
  pages = 1,
): { memory: WebAssembly.Memory; functions: Record<string, WasmFunction> } {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.build()), {
    env: { memory },
  });
  return { memory, functions: instance.exports as Record<string, WasmFunction> };
}

/** Evaluates expressions without parameters, each in a function of its own. */
export function evaluate(expressions: Record<string, Expression<ValueType>>) {
  const module = new ModuleBuilder();
  for (const [name, expression] of Object.entries(expressions)) {
    const f = module.function(name, {}, expression.type);
    f.return(expression);
    module.export(f);
  }
  const { functions } = instantiate(module);
  return Object.fromEntries(Object.keys(expressions).map((name) => [name, functions[name]()]));
}

/** Evaluates vectors and returns their bytes as an array of the given kind. */
function lanes<A>(
  vector: Vector,
  array: new (buffer: ArrayBufferLike, offset: number, length: number) => A,
  count: number,
): A {
  const module = new ModuleBuilder();
  const f = module.function("store", {});
  f.emit(v128.store(0, vector));
  module.export(f);
  const { memory, functions } = instantiate(module);
  functions.store();
  return new array(memory.buffer, 0, count);
}

/** The lanes of a vector of 32-bit floats. */
export const floats = (vector: Vector) => [...lanes(vector, Float32Array, 4)];
/** The same for 32-bit integers. */
export const integers = (vector: Vector) => [...lanes(vector, Int32Array, 4)];
/** The same for 64-bit floats. */
export const doubles = (vector: Vector) => [...lanes(vector, Float64Array, 2)];
/** The same for 16-bit integers. */
export const shorts = (vector: Vector) => [...lanes(vector, Int16Array, 8)];
/** The same for bytes. */
export const bytes = (vector: Vector) => [...lanes(vector, Uint8Array, 16)];
