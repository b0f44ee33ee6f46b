/**
 * The code of WebAssembly kernels by key, which must include everything that the code depends on.
 */
import {
  type Callable,
  FunctionBuilder,
  type ParameterTypes,
  type ResultType,
} from "../../assembler/mod.ts";
import {
  type FunctionLibrary,
  type Kernel,
  type KernelFunction,
  SHARE_PARAMETERS,
} from "../../backends/wasm/kernel.ts";
import { Digest } from "./digest.ts";

/**
 * Emits each kernel, with the functions it calls, for every launch that uses it, where the backend
 * emits only the first with a key.
 */
export class KernelCode implements FunctionLibrary {
  readonly #digests = new Map<string, string>();

  /** The digest of a kernel. Throws where another of its key has other code. */
  add({ key, parameters, build }: Kernel): string {
    const names = [...parameters, ...SHARE_PARAMETERS];
    const types = Object.fromEntries(names.map((name) => [name, "i32" as const]));
    // The types were made from the names that the kernel's function has.
    const write = (f: unknown) => build(f as KernelFunction<string>, this);
    return this.#add(`kernel ${key}`, new FunctionBuilder(key, types, "void"), write);
  }

  function<P extends ParameterTypes, R extends ResultType>(
    key: string,
    parameterTypes: P,
    resultType: R,
    build: (f: FunctionBuilder<P, R>) => void,
  ): Callable<P, R> {
    const f = new FunctionBuilder(key, parameterTypes, resultType);
    this.#add(key, f, build);
    return f;
  }

  #add<P extends ParameterTypes, R extends ResultType>(
    key: string,
    f: FunctionBuilder<P, R>,
    build: (f: FunctionBuilder<P, R>) => void,
  ): string {
    build(f);
    const digest = digestOf(f);
    const known = this.#digests.get(key) ?? digest;
    if (known !== digest) {
      throw new Error(
        `two functions of the key "${key}" have different code: whatever the code depends on ` +
          "must be part of the key",
      );
    }
    this.#digests.set(key, digest);
    return digest;
  }
}

/** Signature, locals and instructions; functions it calls by their keys. */
function digestOf<P extends ParameterTypes, R extends ResultType>(
  { parameterTypes, resultType, localGroups, code }: FunctionBuilder<P, R>,
): string {
  const calls = code.calls.map(({ place, callee }) => [place, callee.name]);
  return new Digest()
    .add(JSON.stringify([Object.values(parameterTypes), resultType, localGroups, calls]))
    .add(code.bytes)
    .toString();
}
