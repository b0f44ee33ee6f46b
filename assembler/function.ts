/**
 * Building a function: parameters, locals and statements, written in the order they run.
 *
 * ```ts
 * const f = module.function("sum", { from: "i32", to: "i32" }, "f32");
 * const address = f.i32(), total = f.f32();
 * f.loop(address, f.parameters.from, f.parameters.to, 4, () => {
 *   f.set(total, f32.add(total, f32.load(address)));
 * });
 * f.return(total);
 * ```
 */

import {
  type Callable,
  CodeWriter,
  Expression,
  Local,
  type Operand,
  type ParameterTypes,
  type ResultType,
  type Statement,
  type ValueType,
  writeOperand,
} from "./expression.ts";
import { i32 } from "./scalars.ts";

const EMPTY_BLOCK_TYPE = 0x40;

type Index = Operand<"i32">;
type CountingLoop = (
  index: Local<"i32">,
  from: Index,
  to: Index,
  step: Index,
  body: () => void,
) => void;

/** Locals of one type that the binary format declares together. */
interface LocalGroup {
  readonly type: ValueType;
  count: number;
}

/** Any function under construction, its signature unknown. */
export type AnyFunction = FunctionBuilder<ParameterTypes, ResultType>;

/** One function of a module. Made by `ModuleBuilder.function`. */
export class FunctionBuilder<P extends ParameterTypes, R extends ResultType>
  implements Callable<P, R> {
  /** The parameters, by name. They are locals and may be set. */
  readonly parameters: { readonly [K in keyof P]: Local<P[K]> };
  /**
   * The locals after the parameters, in order: groups as the binary format declares them. Vectors
   * declared together form a group of their own, so that a reader of the module knows which belong
   * together.
   */
  readonly localGroups: LocalGroup[] = [];
  /** The instructions written so far. */
  readonly code = new CodeWriter();
  #nextIndex: number;

  /**
   * @param name The name to export it by, and for messages.
   * @param parameterTypes Types of the parameters by name, in order.
   * @param resultType Type of the result; `"void"` for none.
   */
  constructor(readonly name: string, readonly parameterTypes: P, readonly resultType: R) {
    this.parameters = Object.fromEntries(
      Object.entries(parameterTypes).map(([key, type], index) => [
        key,
        new Local(type, index, this.code),
      ]),
    ) as { [K in keyof P]: Local<P[K]> };
    this.#nextIndex = Object.keys(parameterTypes).length;
  }

  /** Declares a local; it is zero on entry. */
  local<T extends ValueType>(type: T): Local<T> {
    return this.locals(type, 1)[0];
  }

  /** Declares locals of one type with consecutive indices: vectors as one group. */
  locals<T extends ValueType>(type: T, count: number): Local<T>[] {
    const last = this.localGroups.at(-1);
    if (last?.type === type && type !== "v128") last.count += count;
    else this.localGroups.push({ type, count });
    return Array.from({ length: count }, () => new Local(type, this.#nextIndex++, this.code));
  }

  /** Declares a 32-bit integer local. */
  i32(): Local<"i32"> {
    return this.local("i32");
  }

  /** Declares a 64-bit integer local. */
  i64(): Local<"i64"> {
    return this.local("i64");
  }

  /** Declares a 32-bit float local. */
  f32(): Local<"f32"> {
    return this.local("f32");
  }

  /** Declares a 64-bit float local. */
  f64(): Local<"f64"> {
    return this.local("f64");
  }

  /** Declares a vector local. */
  v128(): Local<"v128"> {
    return this.local("v128");
  }

  /** Runs statements: stores, calls without a result. */
  emit(...statements: Statement[]): void {
    for (const statement of statements) statement.write(this.code);
  }

  set<T extends ValueType>(local: Local<T>, value: Operand<NoInfer<T>>): void {
    writeOperand(this.code, local.type, value);
    this.#assign(0x21, local);
  }

  /** Adds to a 32-bit integer local; nothing is written for the constant 0. */
  increment(local: Local<"i32">, by: Operand<"i32">): void {
    if (by !== 0) this.set(local, i32.add(local, by));
  }

  /** Evaluates an expression for its effect and drops its value. */
  drop(expression: Expression<ValueType>): void {
    expression.write(this.code);
    this.code.byte(0x1a);
  }

  /** Returns from the function, with its result unless it has none. */
  return(...value: [R] extends [ValueType] ? [Operand<R>] : []): void {
    const [result] = value;
    if (result !== undefined && this.resultType !== "void") {
      writeOperand<ValueType>(this.code, this.resultType, result);
    }
    this.code.byte(0x0f);
  }

  /** Traps: the call throws `WebAssembly.RuntimeError`. */
  unreachable(): void {
    this.code.byte(0x00);
  }

  /** Runs `then` if the condition is not zero, else `otherwise`. */
  if(condition: Operand<"i32">, then: () => void, otherwise?: () => void): void {
    writeOperand(this.code, "i32", condition);
    this.code.byte(0x04);
    this.code.byte(EMPTY_BLOCK_TYPE);
    then();
    if (otherwise) {
      this.code.byte(0x05);
      otherwise();
    }
    this.#end();
  }

  /** Runs `body`, then again as long as the condition, evaluated after it, is not zero. */
  doWhile(body: () => void, condition: Operand<"i32">): void {
    this.code.byte(0x03);
    this.code.byte(EMPTY_BLOCK_TYPE);
    body();
    writeOperand(this.code, "i32", condition);
    this.code.append([0x0d, 0]);
    this.#end();
  }

  /** Runs `body` as long as the condition, evaluated before it, is not zero. */
  while(condition: Operand<"i32">, body: () => void): void {
    this.if(condition, () => this.doWhile(body, condition));
  }

  /**
   * `for (index = from; index < to; index += step) body()`, compared as unsigned, so that it also
   * walks addresses above 2^31. `from` and `to` are evaluated once. After the loop `index` is the
   * first value not below `to`, or `from` if the body never ran.
   *
   * @param step A positive constant, or a local the body leaves alone.
   */
  readonly loop: CountingLoop = (index, from, to, step, body) => {
    const end = this.#once(to);
    this.set(index, from);
    this.if(i32.ltU(index, end), () => this.#countUp(index, end, step, body));
  };

  /** {@link loop} without the test before the first round: for ranges known not to be empty. */
  readonly loopAtLeastOnce: CountingLoop = (index, from, to, step, body) => {
    const end = this.#once(to);
    this.set(index, from);
    this.#countUp(index, end, step, body);
  };

  #countUp(index: Local<"i32">, end: Index, step: Index, body: () => void): void {
    this.doWhile(body, i32.ltU(this.#tee(index, i32.add(index, step)), end));
  }

  /** An operand that costs nothing to repeat: a number, a local, or a new local holding it. */
  #once(operand: Operand<"i32">): Operand<"i32"> {
    if (typeof operand === "number" || operand instanceof Local) return operand;
    const value = this.i32();
    this.set(value, operand);
    return value;
  }

  #tee<T extends ValueType>(local: Local<T>, value: Expression<T>): Expression<T> {
    return new Expression(local.type, (code) => {
      value.write(code);
      this.#assign(0x22, local);
    });
  }

  #assign(opcode: number, local: Local<ValueType>): void {
    if (local.home !== this.code) {
      throw new Error(`${this.name}: a local of another function was set`);
    }
    this.code.byte(opcode);
    this.code.unsigned(local.index);
  }

  #end(): void {
    this.code.byte(0x0b);
  }
}
