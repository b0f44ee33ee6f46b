/** Building a WebAssembly module out of functions that share one imported memory. */

import { ByteWriter } from "./encoding.ts";
import type { AnyCallable, ParameterTypes, ResultType, ValueType } from "./expression.ts";
import { type AnyFunction, FunctionBuilder } from "./function.ts";

const TYPE_CODES: Record<ValueType, number> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

/** The memory a module imports as `env.memory`. A page is 64 KiB. */
export interface MemoryImport {
  /** Pages the memory must have at least. Default 1. */
  readonly minimumPages?: number;
  /** Pages the memory may grow to at most. Default 65536 (4 GiB). */
  readonly maximumPages?: number;
  /** Whether threads share the memory. Default true. */
  readonly shared?: boolean;
}

/** A module under construction: functions and exports. */
export class ModuleBuilder {
  readonly #memory: Required<MemoryImport>;
  readonly #functions: AnyFunction[] = [];
  readonly #exports = new Map<string, AnyCallable>();

  /** @param memory Limits of the imported memory. */
  constructor(memory: MemoryImport = {}) {
    this.#memory = { minimumPages: 1, maximumPages: 65536, shared: true, ...memory };
  }

  /**
   * Starts a function. It may be called by others before its body is written.
   *
   * @param name Its name for messages, and for {@link export}.
   * @param parameterTypes Types of the parameters by name, in order.
   * @param resultType Type of the result. Default `"void"`: none.
   */
  function<P extends ParameterTypes>(name: string, parameterTypes: P): FunctionBuilder<P, "void">;
  function<P extends ParameterTypes, R extends ResultType>(
    name: string,
    parameterTypes: P,
    resultType: R,
  ): FunctionBuilder<P, R>;
  function(
    name: string,
    parameterTypes: ParameterTypes,
    resultType: ResultType = "void",
  ): AnyFunction {
    const builder = new FunctionBuilder(name, parameterTypes, resultType);
    this.#functions.push(builder);
    return builder;
  }

  /**
   * Exports a function by its name.
   *
   * @throws {Error} if the name is taken.
   */
  export(callable: AnyCallable): void {
    if (this.#exports.has(callable.name)) {
      throw new Error(`two functions are exported as ${callable.name}`);
    }
    this.#exports.set(callable.name, callable);
  }

  /**
   * The module in WebAssembly's binary format.
   *
   * @throws {Error} if a function of another module is called or exported.
   */
  build(): Uint8Array<ArrayBuffer> {
    const types = new TypeTable();
    const indices = new Map<AnyCallable, number>(this.#functions.map((f, i) => [f, i]));
    const indexOf = (callable: AnyCallable): number => {
      const index = indices.get(callable);
      if (index === undefined) throw new Error(`${callable.name} is not part of this module`);
      return index;
    };

    const imports = new ByteWriter();
    imports.unsigned(1);
    imports.name("env");
    imports.name("memory");
    imports.append([0x02, this.#memory.shared ? 0x03 : 0x01]);
    imports.unsigned(this.#memory.minimumPages);
    imports.unsigned(this.#memory.maximumPages);

    const declarations = new ByteWriter();
    declarations.unsigned(this.#functions.length);
    for (const builder of this.#functions) declarations.unsigned(types.indexOf(builder));

    const exports = new ByteWriter();
    exports.unsigned(this.#exports.size);
    for (const [name, callable] of this.#exports) {
      exports.name(name);
      exports.byte(0x00);
      exports.unsigned(indexOf(callable));
    }

    const bodies = new ByteWriter();
    bodies.unsigned(this.#functions.length);
    for (const builder of this.#functions) bodies.sized(functionBody(builder, indexOf));

    const module = new ByteWriter();
    module.append([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    const sections: [number, ByteWriter][] = [
      [1, types.section()],
      [2, imports],
      [3, declarations],
      [7, exports],
      [10, bodies],
    ];
    for (const [id, content] of sections) {
      module.byte(id);
      module.sized(content.bytes);
    }
    return new Uint8Array(module.bytes);
  }
}

class TypeTable {
  readonly #signatures: Uint8Array[] = [];
  readonly #order = new Map<string, number>();

  indexOf(callable: AnyCallable): number {
    const parameters = Object.values(callable.parameterTypes);
    const key = `${parameters.join()}:${callable.resultType}`;
    const known = this.#order.get(key);
    if (known !== undefined) return known;
    const index = this.#order.size;
    this.#order.set(key, index);
    this.#signatures.push(signature(parameters, callable.resultType));
    return index;
  }

  section(): ByteWriter {
    const writer = new ByteWriter();
    writer.unsigned(this.#signatures.length);
    for (const bytes of this.#signatures) writer.append(bytes);
    return writer;
  }
}

function signature(parameters: readonly ValueType[], result: ResultType): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(0x60);
  writer.unsigned(parameters.length);
  for (const type of parameters) writer.byte(TYPE_CODES[type]);
  writer.append(result === "void" ? [0] : [1, TYPE_CODES[result]]);
  return writer.bytes;
}

function functionBody(
  builder: AnyFunction,
  indexOf: (callable: AnyCallable) => number,
): Uint8Array {
  const body = new ByteWriter();
  body.unsigned(builder.localGroups.length);
  for (const { type, count } of builder.localGroups) {
    body.unsigned(count);
    body.byte(TYPE_CODES[type]);
  }
  const start = body.length;
  body.append(builder.code.bytes);
  for (const { place, callee } of builder.code.calls) {
    body.patchIndex(start + place, indexOf(callee));
  }
  // A function with a result leaves by `return`; its end is marked as unreachable.
  if (builder.resultType !== "void") body.byte(0x00);
  body.byte(0x0b);
  return body.bytes;
}
