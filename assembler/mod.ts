/** The assembler: WebAssembly modules written as TypeScript. */

export {
  type AnyCallable,
  type Arguments,
  call,
  type Callable,
  Expression,
  Local,
  type Operand,
  type ParameterTypes,
  type ResultType,
  select,
  type Statement,
  type ValueType,
} from "./expression.ts";
export { type AnyFunction, FunctionBuilder } from "./function.ts";
export { atomic, memory } from "./memory.ts";
export { type MemoryImport, ModuleBuilder } from "./module.ts";
export { f32, f64, i32, i64 } from "./scalars.ts";
export { f32x4, f64x2, i16x8, i32x4, i8x16, v128, type Vector } from "./vectors.ts";
export {
  type Target,
  type Wide,
  type WideLocal,
  type WideOperand,
  WideVectors,
  widths,
} from "./wide.ts";
